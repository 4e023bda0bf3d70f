/** Commands that hold everywhere: every page, and what the shell can do. */
import { CHANNEL_TYPES } from '#domain/channel.ts';
import { isChannelType } from '#channels/definitions.ts';
import { appearance } from '../appearance.svelte.ts';
import { CHANNELS } from '../channels.ts';
import { commands, type Command } from '../commands.svelte.ts';
import { attempt } from '../notify.ts';
import { router } from '../router.svelte.ts';
import { hrefOfAny, isStandalone, NAVIGATION, ROUTE_NAMES, routeOf } from '../routes.ts';
import { session } from '../session.svelte.ts';

export function shellCommands(): Command[] {
  const pages = ROUTE_NAMES.filter((name) => {
    const route = routeOf(name);
    if (route.needsSandbox && !session.me?.sandbox) return false;
    return isStandalone(name) && !route.isPublic && session.can(route.permission);
  }).map((name): Command => {
    const index = NAVIGATION.findIndex((entry) => entry.route === name);
    return {
      id: `page.${name}`,
      title: `Go to ${index >= 0 ? NAVIGATION[index]?.title : routeOf(name).title}`,
      section: 'Pages',
      ...(index >= 0 ? { keys: `alt ${index + 1}` } : {}),
      run: () => router.go(hrefOfAny(router.slug, name, {})),
    };
  });
  const channels = CHANNEL_TYPES.filter((type) => isChannelType(type) && session.can('inboxes:write')).map(
    (type): Command => ({
      id: `add.${type}`,
      title: `Add a channel: ${CHANNELS[type].title}`,
      section: 'Channels',
      run: () => router.open('ringAdd', { type }),
    }),
  );
  return [
    ...pages,
    ...channels,
    {
      id: 'palette',
      title: 'Search and commands',
      section: 'General',
      keys: 'mod k',
      isKeyOnly: true,
      run: () => (commands.isPaletteOpen = !commands.isPaletteOpen),
    },
    {
      id: 'help',
      title: 'Keyboard shortcuts',
      section: 'General',
      keys: '?',
      run: () => (commands.isHelpOpen = true),
    },
    {
      id: 'rail',
      title: 'Collapse or open the navigation',
      section: 'General',
      keys: 'mod b',
      run: () => appearance.toggleRail(),
    },
    {
      id: 'theme.light',
      title: 'Use the light theme',
      section: 'General',
      run: () => appearance.setTheme('light'),
    },
    {
      id: 'theme.dark',
      title: 'Use the dark theme',
      section: 'General',
      run: () => appearance.setTheme('dark'),
    },
    {
      id: 'theme.system',
      title: 'Follow the system theme',
      section: 'General',
      run: () => appearance.setTheme('system'),
    },
    {
      id: 'sign-out',
      title: 'Sign out',
      section: 'General',
      run: () => attempt('Signing out failed', () => session.signOut()),
    },
  ];
}
