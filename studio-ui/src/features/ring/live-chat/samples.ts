/** Made-up sentences for the preview, in the widget's languages. What an inbox of the language `auto` shows is English. */
import type { WidgetLanguage } from '#channels/live_chat/appearance.ts';

interface Samples {
  question: string;
  choose: string;
  choices: [string, string];
  choice: string;
  answer: string;
  waits: string;
  name: string;
  email: string;
}

const texts: Record<WidgetLanguage, Omit<Samples, 'choice'>> = {
  en: {
    question: 'Hello! Has my order left already?',
    choose: 'What is it about?',
    choices: ['An order', 'Something else'],
    answer: 'It left this morning and should be with you tomorrow.',
    waits: 'Great, thank you!',
    name: 'Your name',
    email: 'Your email',
  },
  de: {
    question: 'Hallo! Ist meine Bestellung schon unterwegs?',
    choose: 'Worum geht es?',
    choices: ['Eine Bestellung', 'Etwas anderes'],
    answer: 'Sie ist heute früh losgegangen und sollte morgen bei Ihnen sein.',
    waits: 'Super, vielen Dank!',
    name: 'Ihr Name',
    email: 'Ihre E-Mail-Adresse',
  },
  fr: {
    question: 'Bonjour ! Ma commande est-elle partie ?',
    choose: 'De quoi s’agit-il ?',
    choices: ['Une commande', 'Autre chose'],
    answer: 'Elle est partie ce matin et devrait arriver demain.',
    waits: 'Parfait, merci !',
    name: 'Votre nom',
    email: 'Votre e-mail',
  },
  es: {
    question: '¡Hola! ¿Ya salió mi pedido?',
    choose: '¿De qué se trata?',
    choices: ['Un pedido', 'Otra cosa'],
    answer: 'Salió esta mañana y debería llegarte mañana.',
    waits: '¡Genial, gracias!',
    name: 'Tu nombre',
    email: 'Tu correo',
  },
  pt: {
    question: 'Olá! Meu pedido já saiu?',
    choose: 'Qual é o assunto?',
    choices: ['Um pedido', 'Outro assunto'],
    answer: 'Saiu hoje de manhã e deve chegar amanhã.',
    waits: 'Ótimo, obrigada!',
    name: 'Seu nome',
    email: 'Seu e-mail',
  },
  it: {
    question: 'Ciao! Il mio ordine è già partito?',
    choose: 'Di cosa si tratta?',
    choices: ['Un ordine', 'Altro'],
    answer: 'È partito stamattina e dovrebbe arrivare domani.',
    waits: 'Perfetto, grazie!',
    name: 'Il tuo nome',
    email: 'La tua email',
  },
  nl: {
    question: 'Hallo! Is mijn bestelling al onderweg?',
    choose: 'Waar gaat het over?',
    choices: ['Een bestelling', 'Iets anders'],
    answer: 'Die is vanochtend vertrokken en komt morgen aan.',
    waits: 'Top, bedankt!',
    name: 'Je naam',
    email: 'Je e-mailadres',
  },
  pl: {
    question: 'Dzień dobry! Czy moje zamówienie już wyszło?',
    choose: 'Czego dotyczy sprawa?',
    choices: ['Zamówienie', 'Coś innego'],
    answer: 'Wyszło dziś rano i powinno dotrzeć jutro.',
    waits: 'Świetnie, dziękuję!',
    name: 'Imię',
    email: 'E-mail',
  },
  ar: {
    question: 'مرحبًا! هل أُرسل طلبي؟',
    choose: 'ما الموضوع؟',
    choices: ['طلب', 'شيء آخر'],
    answer: 'أُرسل هذا الصباح ومن المفترض أن يصلك غدًا.',
    waits: 'رائع، شكرًا!',
    name: 'اسمك',
    email: 'بريدك الإلكتروني',
  },
  ja: {
    question: 'こんにちは。注文した商品はもう発送されましたか？',
    choose: 'どのようなご用件ですか？',
    choices: ['ご注文について', 'その他'],
    answer: '今朝発送しましたので、明日お届けの予定です。',
    waits: 'ありがとうございます！',
    name: 'お名前',
    email: 'メールアドレス',
  },
};

export function samples(language: 'auto' | WidgetLanguage): Samples {
  const chosen = texts[language === 'auto' ? 'en' : language];
  return { ...chosen, choice: chosen.choices[0] };
}
