/** What this browser remembers about how things look. */
export type Theme = 'system' | 'light' | 'dark';
export type Density = 'comfortable' | 'compact';

const read = (key: string): string | null => {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage may be blocked; then nothing is remembered
  }
};
const write = (key: string, value: string): void => {
  try {
    localStorage.setItem(key, value);
  } catch {
    // as above
  }
};

class Appearance {
  theme = $state<Theme>(themeOf(read('teloring.theme')));
  density = $state<Density>(read('teloring.density') === 'compact' ? 'compact' : 'comfortable');
  isRailCollapsed = $state(read('teloring.rail') === 'collapsed');

  apply(): void {
    if (this.theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = this.theme;
  }
  setTheme(theme: Theme): void {
    this.theme = theme;
    write('teloring.theme', theme);
    this.apply();
  }
  setDensity(density: Density): void {
    this.density = density;
    write('teloring.density', density);
  }
  toggleRail(): void {
    this.isRailCollapsed = !this.isRailCollapsed;
    write('teloring.rail', this.isRailCollapsed ? 'collapsed' : 'open');
  }
}
const themeOf = (value: string | null): Theme => (value === 'light' || value === 'dark' ? value : 'system');

export const appearance = new Appearance();
