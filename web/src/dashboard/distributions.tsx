// How long runs took and how much memory they used, by outcome: stacked bars, and the same as a table.
import type { JSX } from 'preact';
import { apiPath } from '../common/api';
import { bytes, count, duration } from '../common/formats';
import { useResource } from '../common/resource';
import { stateOf, wordOf } from '../common/states';
import { Section, Stale, Waiting } from '../common/ui';
import type { Seen } from './types';

interface Distribution {
  edges: number[];
  counts: Record<string, number[]>;
  median: number | null;
  p95: number | null;
  most: number | null;
}

const WIDE = window.innerWidth < 700 ? 340 : 640; // of the drawing, so that its text stays legible
const HIGH = 260;
const PLACE = { left: 52, right: 24, top: 12, bottom: 34 };

function niceStep(most: number): number {
  const rough = Math.max(1, most / 4);
  const power = 10 ** Math.floor(Math.log10(rough));
  return Math.max(1, ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10) * power);
}

interface Drawn {
  outcomes: string[];
  totals: number[];
  x: (value: number) => number;
  y: (n: number) => number;
  step: number;
  most: number;
}

function drawn(of: Distribution): Drawn {
  const outcomes = Object.keys(of.counts).sort((a, b) => stateOf(a).code - stateOf(b).code);
  const bins = Math.max(0, of.edges.length - 1);
  const totals = Array.from({ length: bins }, (_, i) =>
    outcomes.reduce((sum, name) => sum + (of.counts[name]![i] ?? 0), 0),
  );
  const step = niceStep(Math.max(1, ...totals));
  const most = Math.max(step, Math.ceil(Math.max(0, ...totals) / step) * step);
  const [first, last] = [of.edges[0] ?? 0, of.edges[bins] ?? 1];
  const x = (value: number): number =>
    PLACE.left + ((value - first) / (last - first || 1)) * (WIDE - PLACE.left - PLACE.right);
  const y = (n: number): number => HIGH - PLACE.bottom - (n / most) * (HIGH - PLACE.top - PLACE.bottom);
  return { outcomes, totals, x, y, step, most };
}

function Bars({ of, by }: { of: Distribution; by: Drawn }): JSX.Element {
  const filled = by.totals.map(() => 0);
  return (
    <>
      {by.outcomes.map((name) => (
        <g key={name} class={`c-${stateOf(name).name}`}>
          {of.counts[name]!.map((n, i) => {
            if (!n || i >= filled.length) return null;
            const top = by.y(filled[i]! + n);
            const bottom = by.y(filled[i]!);
            filled[i]! += n;
            const left = by.x(of.edges[i]!);
            return (
              <rect
                key={i}
                x={left + 0.75}
                y={top}
                width={Math.max(1, by.x(of.edges[i + 1]!) - left - 1.5)}
                height={Math.max(0.5, bottom - top)}
              />
            );
          })}
        </g>
      ))}
    </>
  );
}

function Histogram({
  of,
  show,
  label,
}: {
  of: Distribution;
  show: (value: number) => string;
  label: string;
}): JSX.Element {
  const by = drawn(of);
  const bins = of.edges.length - 1;
  const every = Math.max(1, Math.ceil(bins / (WIDE < 600 ? 3 : 5)));
  const marks: [string, number | null][] = [
    ['median', of.median],
    ['95 %', of.p95],
  ];
  return (
    <svg class="histogram" viewBox={`0 0 ${WIDE} ${HIGH}`} role="img" aria-label={label}>
      {Array.from({ length: Math.floor(by.most / by.step) + 1 }, (_, i) => i * by.step).map((n) => (
        <g key={n}>
          <line class="grid" x1={PLACE.left} x2={WIDE - PLACE.right} y1={by.y(n)} y2={by.y(n)} />
          <text class="axis" x={PLACE.left - 8} y={by.y(n) + 4} text-anchor="end">
            {count(n)}
          </text>
        </g>
      ))}
      <Bars of={of} by={by} />
      {of.edges
        .filter((_, i) => i % every === 0)
        .map((edge, i, all) => (
          <text
            key={edge}
            class="axis"
            x={by.x(edge) + (i > 0 && i === all.length - 1 ? 22 : 0)}
            y={HIGH - 14}
            text-anchor={i > 0 && i === all.length - 1 ? 'end' : 'middle'}
          >
            {show(edge)}
          </text>
        ))}
      {marks.map(
        ([name, value]) =>
          value != null && (
            <g key={name}>
              <line class="mark-line" x1={by.x(value)} x2={by.x(value)} y1={PLACE.top} y2={HIGH - PLACE.bottom} />
              <text class="axis strong" x={by.x(value) + 4} y={PLACE.top + 9}>
                {name}
              </text>
            </g>
          ),
      )}
    </svg>
  );
}

function Numbers({ of, show }: { of: Distribution; show: (value: number) => string }): JSX.Element {
  const outcomes = Object.keys(of.counts);
  return (
    <details>
      <summary>As a table</summary>
      <div class="box low" tabIndex={0} role="group" aria-label="Numbers of runs">
        <table>
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col">To</th>
              {outcomes.map((name) => (
                <th scope="col" class="number" key={name}>
                  {wordOf(name)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {of.edges.slice(0, -1).map((edge, i) => (
              <tr key={edge}>
                <th scope="row">{show(edge)}</th>
                <td>{show(of.edges[i + 1]!)}</td>
                {outcomes.map((name) => (
                  <td class="number" key={name}>
                    {count(of.counts[name]![i])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function One({
  title,
  of,
  show,
}: {
  title: string;
  of: Distribution | null;
  show: (value: number) => string;
}): JSX.Element {
  if (!of || of.edges.length < 2)
    return (
      <Section title={title}>
        <p class="note quiet">Nothing is known of it yet.</p>
      </Section>
    );
  const outcomes = Object.keys(of.counts).filter((name) => of.counts[name]!.some(Boolean));
  const facts = [
    ['Median', of.median],
    ['95 % are below', of.p95],
    ['most', of.most],
  ]
    .filter(([, value]) => value != null)
    .map(([name, value]) => `${name} ${show(value as number)}`)
    .join(', ');
  return (
    <Section title={title} aside={<span class="quiet">{facts}</span>}>
      <ul class="legend plainlist">
        {outcomes.map((name) => {
          const info = stateOf(name);
          return (
            <li key={name} class={`key s-${info.name}`}>
              <span class="sign" aria-hidden="true">
                {info.sign}
              </span>
              {wordOf(name)} <span class="n">{count(of.counts[name]!.reduce((sum, n) => sum + n, 0))}</span>
            </li>
          );
        })}
      </ul>
      <Histogram of={of} show={show} label={`${title}: ${facts}`} />
      <Numbers of={of} show={show} />
    </Section>
  );
}

export function DistributionsTab({ id }: { id: string }): JSX.Element {
  const shown = useResource<Seen & { seconds: Distribution | null; memory: Distribution | null }>(
    apiPath`/api/v1/campaigns/${id}/distributions`,
    { topics: [`campaign:${id}`], every: 5000 },
  );
  const { data } = shown;
  if (!data)
    return (
      <div class="card map-space">
        <Waiting failure={shown.failure} what="the distributions" />
      </div>
    );
  return (
    <>
      <Stale failure={shown.failure} />
      <div class="two">
        <One title="How long runs took" of={data.seconds} show={duration} />
        <One title="Most memory of runs" of={data.memory} show={bytes} />
      </div>
    </>
  );
}
