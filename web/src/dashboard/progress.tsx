// How far something that runs has come.
import type { JSX } from 'preact';
import { bytes, measure, percent } from '../common/formats';
import { Meter } from '../common/ui';
import type { Progress } from './types';

function simulated(value: number | string | null | undefined): string | null {
  if (value == null || value === '') return null;
  return typeof value === 'number' ? `${measure(value, 6)} s simulated` : `${value.slice(0, 30)} s simulated`;
}

export function progressWords(of: Progress): string {
  return [
    of.fraction == null ? null : percent(of.fraction),
    simulated(of.simulated_time),
    of.speed == null ? null : `${measure(of.speed, 3)} simsec/s`,
    of.memory ? bytes(of.memory) : null,
  ]
    .filter(Boolean)
    .join(', ');
}

export function ProgressText({ of }: { of: Progress | null }): JSX.Element {
  if (!of) return <span class="quiet">nothing heard yet</span>;
  const words = progressWords(of);
  return (
    <span class="progress">
      <Meter value={of.fraction} label={words || 'running'} />
      <span class="text">{words || 'running'}</span>
    </span>
  );
}
