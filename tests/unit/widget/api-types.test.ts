/** What developers write against: `/widget.d.ts`. tsc checks it with the other tests: what is wrong in it must stay an error. */
import { expectTypeOf, test } from 'vitest';
import type { TeloringChat, TeloringEvents } from '../../../studio-ui/widget/teloring.d.ts';

test('events carry what they say', () => {
  expectTypeOf<Window['Teloring']>().toEqualTypeOf<TeloringChat | undefined>();
  expectTypeOf<TeloringEvents['unread']>().toEqualTypeOf<{ count: number }>();
  expectTypeOf<TeloringChat['setTheme']>().parameter(0).toEqualTypeOf<'light' | 'dark' | 'auto'>();
  expectTypeOf<TeloringChat['open']>().parameters.toEqualTypeOf<[text?: string]>();
  expectTypeOf<ReturnType<TeloringChat['on']>>().toEqualTypeOf<() => void>();

  const wrong = (teloring: TeloringChat): void => {
    teloring.on('message', ({ id, text, from }) => expectTypeOf([id, text, from]).toEqualTypeOf<string[]>());
    // @ts-expect-error there is no such event
    teloring.on('typing', () => undefined);
    // @ts-expect-error who says who somebody is proves it
    teloring.identify({ id: 'customer-7' });
    // @ts-expect-error fields are plain values
    teloring.setFields({ cart: { items: 3 } });
    // @ts-expect-error a colour is no theme
    teloring.setTheme('blue');
  };
  expectTypeOf(wrong).returns.toBeVoid();
});
