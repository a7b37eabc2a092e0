// Numbers, sizes and times as people read them.
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

export function count(value: number | null | undefined): string {
  return value == null ? '–' : whole.format(value);
}

export function measure(value: number | null | undefined, digits = 4): string {
  if (value == null || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e7 || size < 1e-4)) return value.toExponential(Math.max(1, digits - 2));
  return String(Number(value.toPrecision(digits)));
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

export function duration(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds)) return '–';
  if (seconds < 0) return '0 s';
  if (seconds < 1) return `${seconds < 0.001 ? 0 : Number(seconds.toPrecision(2))} s`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${pad(Math.floor(seconds % 60))} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${pad(minutes % 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function pad(n: number): string {
  return String(n).padStart(2, '0');
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

export function bytes(size: number | null | undefined): string {
  if (size == null) return '–';
  let unit = 0;
  let left = size;
  while (left >= 1000 && unit < UNITS.length - 1) {
    left /= 1000;
    unit += 1;
  }
  return `${unit === 0 || left >= 100 ? Math.round(left) : Number(left.toFixed(1))} ${UNITS[unit]}`;
}

export function percent(fraction: number | null | undefined, digits = 0): string {
  return fraction == null ? '–' : `${(fraction * 100).toFixed(digits)} %`;
}

export function parseTime(iso: string | null | undefined): Date | null {
  if (!iso) return null;
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? null : date;
}

export function clock(date: Date): string {
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

export function day(date: Date): string {
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

// Today's times without the day.
export function moment(date: Date): string {
  return day(date) === day(new Date()) ? clock(date) : `${day(date)} ${clock(date)}`;
}

export function secondsSince(iso: string | null | undefined, now = Date.now()): number | null {
  const date = parseTime(iso);
  return date ? Math.max(0, (now - date.getTime()) / 1000) : null;
}

// «exponential(0.1s)», «exponential(0.2s)»: what all share at the begin is «…».
export function withoutCommon(values: string[]): string[] {
  if (values.length < 2) return values;
  let same = 0;
  while (same < values[0]!.length - 1 && values.every((one) => one.length > same + 1 && one[same] === values[0]![same]))
    same += 1;
  while (same > 0 && /[0-9.eE+-]/.test(values[0]![same - 1]!)) same -= 1;
  return same > 3 ? values.map((one) => `…${one.slice(same)}`) : values;
}

export function roughly(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

export function ago(seconds: number | null): string {
  if (seconds == null) return '–';
  return seconds < 5 ? 'now' : `${roughly(seconds)} ago`;
}
