/** What this browser remembers about how things look. */
import { keepText, readText } from './browser-storage.ts';

export type Theme = 'system' | 'light' | 'dark';
export type Density = 'comfortable' | 'compact';

class Appearance {
  theme = $state<Theme>(themeOf(readText('teloring.theme')));
  density = $state<Density>(readText('teloring.density') === 'compact' ? 'compact' : 'comfortable');
  isRailCollapsed = $state(readText('teloring.rail') === 'collapsed');

  apply(): void {
    if (this.theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = this.theme;
  }
  setTheme(theme: Theme): void {
    this.theme = theme;
    keepText('teloring.theme', theme);
    this.apply();
  }
  setDensity(density: Density): void {
    this.density = density;
    keepText('teloring.density', density);
  }
  toggleRail(): void {
    this.isRailCollapsed = !this.isRailCollapsed;
    keepText('teloring.rail', this.isRailCollapsed ? 'collapsed' : 'open');
  }
}
const themeOf = (value: string | null): Theme => (value === 'light' || value === 'dark' ? value : 'system');

export const appearance = new Appearance();
