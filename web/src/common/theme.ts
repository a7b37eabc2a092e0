// Dark and light: as the system has it, or as chosen here.
import { signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';

const NAME = 'simswarm-theme';
const system = matchMedia('(prefers-color-scheme: dark)');

function stored(): Theme {
  try {
    const value = localStorage.getItem(NAME);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system';
  }
}

export const theme = signal<Theme>(stored());
export const dark = signal(false);

function apply(): void {
  dark.value = theme.value === 'system' ? system.matches : theme.value === 'dark';
  document.documentElement.dataset['theme'] = dark.value ? 'dark' : 'light';
}

export function setTheme(next: Theme): void {
  theme.value = next;
  try {
    if (next === 'system') localStorage.removeItem(NAME);
    else localStorage.setItem(NAME, next);
  } catch {
    // not remembered then
  }
  apply();
}

export function startTheme(): void {
  system.addEventListener('change', apply);
  apply();
}
