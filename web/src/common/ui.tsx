// Small parts that all pages use.
import { signal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { Failure } from './api';
import { oldSince } from './events';
import { ago, moment, parseTime, roughly, secondsSince } from './formats';
import { stateOf, wordOf } from './states';
import { Text } from './text';

// The time by the second, for «3 s ago».
export const tick = signal(Date.now());
setInterval(() => {
  if (!document.hidden) tick.value = Date.now();
}, 1000);

export function Ago({ at }: { at: string | null | undefined }): JSX.Element {
  const date = parseTime(at);
  if (!date) return <span class="quiet">–</span>;
  return (
    <time dateTime={date.toISOString()} title={moment(date)}>
      {ago(secondsSince(at, tick.value))}
    </time>
  );
}

// How long something has been so.
export function For({ since }: { since: string | null | undefined }): JSX.Element {
  const date = parseTime(since);
  if (!date) return <span class="quiet">–</span>;
  return (
    <time dateTime={date.toISOString()} title={`since ${moment(date)}`}>
      {roughly(secondsSince(since, tick.value)!)}
    </time>
  );
}

export function At({ at }: { at: string | null | undefined }): JSX.Element {
  const date = parseTime(at);
  return date ? <time dateTime={date.toISOString()}>{moment(date)}</time> : <span class="quiet">–</span>;
}

export function State({ of, word }: { of: string | null | undefined; word?: string }): JSX.Element {
  const info = stateOf(of);
  return (
    <span class={`state s-${info.name}`}>
      <span class="sign" aria-hidden="true">
        {info.sign}
      </span>
      {word ?? <Text of={wordOf(of)} most={40} />}
    </span>
  );
}

export interface Part {
  name: string; // of a state: gives the colour
  value: number;
}

// A bar of states; what it says stands beside it as text.
export function Bar({ parts, whole, label }: { parts: Part[]; whole: number; label: string }): JSX.Element {
  return (
    <span class="bar" role="img" aria-label={label}>
      {parts.map(({ name, value }) => (
        <span key={name} class={`fill c-${name}`} style={{ width: `${whole > 0 ? (100 * value) / whole : 0}%` }} />
      ))}
    </span>
  );
}

export function Meter({ value, label }: { value: number | null | undefined; label: string }): JSX.Element {
  return (
    <span class="bar" role="img" aria-label={label}>
      <span class="fill c-running" style={{ width: `${Math.max(0, Math.min(1, value ?? 0)) * 100}%` }} />
    </span>
  );
}

// Facts by name. Those without value are left out.
export function Facts({ list }: { list: [string, ComponentChildren][] }): JSX.Element {
  return (
    <dl class="facts">
      {list
        .filter(([, value]) => value != null && value !== '')
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

export function Section({
  title,
  children,
  aside,
  class: kind,
}: {
  title: string;
  children: ComponentChildren;
  aside?: ComponentChildren;
  class?: string;
}): JSX.Element {
  const id = useId();
  return (
    <section class={`card ${kind ?? ''}`} aria-labelledby={id}>
      <div class="card-head">
        <h2 id={id}>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

// In place of data: on their way, or why there are none.
export function Waiting({ failure, what }: { failure: Failure | null; what: string }): JSX.Element {
  return (
    <p class={failure ? 'note bad' : 'note quiet'} role="status">
      {failure ? (
        <>
          <Text of={failure.message} />
          {failure.passing && ' Trying again.'}
        </>
      ) : (
        `Fetching ${what} …`
      )}
    </p>
  );
}

// Above data that are still shown though fetching them again failed.
export function Stale({ failure }: { failure: Failure | null }): JSX.Element | null {
  if (!failure || oldSince.value) return null; // the bar at the foot tells it then
  return (
    <p class="stale" role="status">
      <Text of={failure.message} /> What is shown is from before.
    </p>
  );
}

// What went wrong, in front of all else.
export function ErrorLine({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <div class="errorline">
      <p>{children}</p>
    </div>
  );
}

export function Copy({ text, what }: { text: string; what: string }): JSX.Element {
  const [done, setDone] = useState(false);
  const box = useRef<HTMLPreElement>(null);
  useEffect(() => {
    if (!done) return undefined;
    const timer = setTimeout(() => setDone(false), 2000);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = (): void => {
    const select = (): void => {
      const range = document.createRange();
      range.selectNodeContents(box.current!);
      getSelection()?.removeAllRanges();
      getSelection()?.addRange(range);
      // The clipboard's interface is there for https and this machine alone.
      if (document.execCommand('copy')) setDone(true);
    };
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(() => setDone(true), select);
    else select();
  };
  return (
    <div class="command">
      <pre ref={box} tabIndex={0} aria-label={what}>
        <code>
          <bdi>{text}</bdi>
        </code>
      </pre>
      <button type="button" class="small" onClick={copy} aria-label={`Copy: ${what}`}>
        <span aria-live="polite">{done ? 'Copied' : 'Copy'}</span>
      </button>
    </div>
  );
}

interface TabsProps {
  label: string;
  tabs: { name: string; text: ComponentChildren }[];
  chosen: string;
  choose: (name: string) => void;
  children: ComponentChildren;
}

export function Tabs({ label, tabs, chosen, choose, children }: TabsProps): JSX.Element {
  const id = useId();
  useEffect(() => {
    const tab = document.getElementById(`${id}-${chosen}`);
    const list = tab?.parentElement;
    if (tab && list) list.scrollLeft = Math.max(0, tab.offsetLeft - list.offsetLeft - 40);
  }, [chosen]);
  const keys = (event: KeyboardEvent): void => {
    const at = tabs.findIndex((tab) => tab.name === chosen);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (next == null) return;
    event.preventDefault();
    const target = tabs[(next + tabs.length) % tabs.length]!;
    choose(target.name);
    document.getElementById(`${id}-${target.name}`)?.focus();
  };
  return (
    <>
      <div class="tabs" role="tablist" aria-label={label} onKeyDown={keys}>
        {tabs.map((tab) => (
          <button
            type="button"
            role="tab"
            key={tab.name}
            id={`${id}-${tab.name}`}
            aria-selected={tab.name === chosen}
            aria-controls={`${id}-panel`}
            tabIndex={tab.name === chosen ? 0 : -1}
            onClick={() => choose(tab.name)}
          >
            {tab.text}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${chosen}`}>
        {children}
      </div>
    </>
  );
}

interface SearchProps {
  label: string;
  value: string;
  change: (text: string) => void;
}

// Tells what was typed once the typing rests.
export function Search({ label, value, change }: SearchProps): JSX.Element {
  const [text, setText] = useState(value);
  const told = useRef(value);
  useEffect(() => {
    if (value !== told.current) {
      told.current = value;
      setText(value);
    }
  }, [value]);
  useEffect(() => {
    if (text === told.current) return undefined;
    const timer = setTimeout(() => {
      told.current = text;
      change(text);
    }, 250);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <label class="search">
      <span class="hidden">{label}</span>
      <input
        type="search"
        placeholder={label}
        value={text}
        spellcheck={false}
        autocomplete="off"
        maxLength={200}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </label>
  );
}
