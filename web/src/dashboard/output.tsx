// What something wrote, as it grows; and what it wrote, once.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Failure, getText, isAborted, withQuery } from '../common/api';
import { Log } from '../common/ansi';
import { Text } from '../common/text';

const MOST = 400_000; // characters kept
const PAUSE = 2_000;
const LIVE_PAUSE = 1_000; // of what is told as an end that moves on

interface Got {
  text: string;
  failure: string;
  any: boolean;
}

// What was shown and the end that is told now, as one text where they overlap: what somebody reads stays where it is.
export function joined(before: string, end: string): string {
  const head = end.slice(0, end.indexOf('\n') + 1 || 200);
  if (head === '') return end;
  for (let at = before.indexOf(head), tries = 0; at >= 0 && tries < 1_000; at = before.indexOf(head, at + 1), ++tries) {
    if (end.startsWith(before.slice(at))) return before.slice(0, at) + end;
  }
  return end;
}

// One answer after the other, while it is looked at. `grow`: the server tells where to go on.
function useOutput(path: string, live: boolean, grow: boolean): Got {
  const [got, setGot] = useState<Got>({ text: '', failure: '', any: false });
  useEffect(() => {
    const control = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let next = 0;
    let all = '';
    const step = async (): Promise<void> => {
      try {
        if (!document.hidden || next === 0) {
          const answer = await getText(grow ? withQuery(path, { offset: next }) : path, control.signal);
          if (grow && answer.next != null) {
            all = (answer.next < next ? answer.text : all + answer.text).slice(-MOST);
            next = answer.next;
          } else {
            all = (live ? joined(all, answer.text) : answer.text).slice(-MOST);
          }
          setGot((before) =>
            before.any && before.text === all && !before.failure ? before : { text: all, failure: '', any: true },
          );
        }
      } catch (error) {
        if (control.signal.aborted || isAborted(error)) return;
        const text = error instanceof Failure ? error.message : 'The output cannot be read.';
        setGot((before) => ({ ...before, failure: text }));
        if (error instanceof Failure && !error.passing) return;
      }
      if (live && !control.signal.aborted) timer = setTimeout(() => void step(), grow ? PAUSE : LIVE_PAUSE);
    };
    void step();
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, [path, live, grow]);
  return got;
}

export function Output({
  path,
  label,
  live = false,
  grow = false,
}: {
  path: string;
  label: string;
  live?: boolean;
  grow?: boolean;
}): JSX.Element {
  const got = useOutput(path, live, grow);
  const box = useRef<HTMLPreElement | null>(null);
  const follow = useRef(true);
  useEffect(() => {
    const target = box.current;
    if (!target) return undefined;
    const scrolled = (): void => {
      follow.current = target.scrollHeight - target.scrollTop - target.clientHeight < 40;
    };
    target.addEventListener('scroll', scrolled);
    return () => target.removeEventListener('scroll', scrolled);
  }, []);
  useEffect(() => {
    if (follow.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [got.text]);
  return (
    <>
      <Log
        box={box}
        text={got.text}
        label={label}
        empty={got.any ? 'Nothing was written.' : got.failure ? '' : 'Fetching …'}
      />
      <p class="quiet" role="status">
        {got.failure ? <Text class="bad" of={got.failure} /> : live ? 'New lines come by themselves.' : ' '}
      </p>
    </>
  );
}
