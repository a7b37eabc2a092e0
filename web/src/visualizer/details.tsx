// A node, a service, a task.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { apiPath, getText, isAborted, sayFailure, withQuery } from '../common/api';
import { Log } from '../common/ansi';
import { bytes, count, percent } from '../common/formats';
import { Title } from '../common/shell';
import { Text } from '../common/text';
import { Ago, At, ErrorLine, Facts, Section } from '../common/ui';
import { TaskTable } from './tables';
import type { Swarm, Task } from './types';
import { kindOf, labelsOf, nodeAt, nodeKind, nodeWord, serviceAt, serviceName, Sign } from './words';

function Gone({ what, id }: { what: string; id: string }): JSX.Element {
  return (
    <>
      <Crumbs />
      <div class="head">
        <Title text={`${what} ${id}`} />
      </div>
      <p class="note quiet">The swarm has it no longer, or never had.</p>
    </>
  );
}

function Crumbs(): JSX.Element {
  return (
    <p class="crumbs">
      <a href="/">Swarm</a>
    </p>
  );
}

// The last lines of a log, again every few seconds while it is followed and looked at.
function Logs({ path, label }: { path: string; label: string }): JSX.Element {
  const [lines, setLines] = useState(200);
  const [follow, setFollow] = useState(true);
  const [got, setGot] = useState<{ text: string; failure: string; any: boolean }>({
    text: '',
    failure: '',
    any: false,
  });
  useEffect(() => {
    const control = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const step = async (first: boolean): Promise<void> => {
      try {
        if (first || !document.hidden) {
          const { text } = await getText(withQuery(path, { lines }), control.signal);
          setGot((before) =>
            before.any && before.text === text && !before.failure ? before : { text, failure: '', any: true },
          );
        }
      } catch (error) {
        if (control.signal.aborted || isAborted(error)) return;
        setGot((before) => ({ ...before, failure: sayFailure(error) }));
      }
      if (follow && !control.signal.aborted) timer = setTimeout(() => void step(false), 3000);
    };
    void step(true);
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, [path, lines, follow]);
  const aside = (
    <span class="row">
      <label class="field">
        <input type="checkbox" checked={follow} onChange={(event) => setFollow(event.currentTarget.checked)} /> follow
      </label>
      <label class="field">
        last
        <select value={String(lines)} onChange={(event) => setLines(Number(event.currentTarget.value))}>
          {[100, 200, 500, 1000].map((n) => (
            <option key={n} value={String(n)}>
              {n} lines
            </option>
          ))}
        </select>
      </label>
    </span>
  );
  return (
    <Section title="Log" aside={aside}>
      <Log text={got.text} label={label} empty={got.any ? 'Nothing was written.' : got.failure ? '' : 'Fetching …'} />
      <p class="bad" role="status">
        {got.failure ? <Text of={got.failure} /> : ' '}
      </p>
    </Section>
  );
}

export function NodePage({ swarm, id }: { swarm: Swarm; id: string }): JSX.Element {
  const node = swarm.nodes.find((one) => one.id === id);
  if (!node) return <Gone what="Node" id={id} />;
  return (
    <>
      <Crumbs />
      <div class="head">
        <Title text={`Node ${node.host}`} />
        <Sign kind={nodeKind(node)} word={nodeWord(node)} />
      </div>
      {node.message && (
        <ErrorLine>
          <Text of={node.message} most={500} />
        </ErrorLine>
      )}
      <Section title="Facts">
        <Facts
          list={[
            ['Role', `${node.role}${node.leader ? ', leader' : ''}`],
            ['Availability', node.availability],
            ['State', node.state],
            ['Address', node.address ? <Text of={node.address} /> : null],
            ['Engine', node.engine ? <Text of={node.engine} /> : null],
            ['System', node.system ? <Text of={node.system} /> : null],
            ['Cores', `${count(node.cores)}, ${node.reserved_cores ?? 0} reserved`],
            ['Memory', `${bytes(node.memory)}, ${bytes(node.reserved_memory ?? 0)} reserved`],
            ['Tasks running', count(node.running)],
            [
              'Labels',
              labelsOf(node).length ? (
                <span class="labels">
                  {labelsOf(node).map((one) => (
                    <span class="label" key={one.name}>
                      <Text of={`${one.name}=${one.value}`} most={100} />
                    </span>
                  ))}
                </span>
              ) : null,
            ],
          ]}
        />
      </Section>
      <Section title="Tasks">
        <TaskTable swarm={swarm} tasks={swarm.tasks.filter((one) => one.node === id)} />
      </Section>
    </>
  );
}

export function ServicePage({ swarm, id }: { swarm: Swarm; id: string }): JSX.Element {
  const service = swarm.services.find((one) => one.id === id);
  if (!service) return <Gone what="Service" id={id} />;
  const short = (service.running ?? 0) < (service.wanted ?? 0);
  return (
    <>
      <Crumbs />
      <div class="head">
        <Title text={`Service ${service.name}`} />
        <Sign
          kind={short ? 'timed_out' : 'completed'}
          word={`${count(service.running)} of ${count(service.wanted)} run`}
        />
      </div>
      <Section title="Facts">
        <Facts
          list={[
            ['Mode', service.mode],
            ['Stack', service.stack ? <Text of={service.stack} /> : null],
            ['Image', service.image ? <Text of={service.image} /> : null],
            [
              'Update',
              service.update ? <Text of={[service.update, service.update_message].filter(Boolean).join(': ')} /> : null,
            ],
          ]}
        />
      </Section>
      <Section title="Tasks">
        <TaskTable swarm={swarm} tasks={swarm.tasks.filter((one) => one.service_id === id)} />
      </Section>
      <Logs path={apiPath`/api/v1/services/${id}/logs`} label="Log of the service" />
    </>
  );
}

function TaskFacts({ swarm, task }: { swarm: Swarm; task: Task }): JSX.Element {
  return (
    <Facts
      list={[
        [
          'Service',
          <a href={serviceAt(task.service_id)}>
            <Text of={serviceName(swarm, task)} />
          </a>,
        ],
        [
          'Node',
          task.node ? (
            <a href={nodeAt(task.node)}>
              <Text of={task.host ?? task.node} />
            </a>
          ) : (
            'none yet'
          ),
        ],
        ['State', task.desired && task.desired !== task.state ? `${task.state}, shall be ${task.desired}` : task.state],
        [
          'Since',
          <>
            <At at={task.since} /> (<Ago at={task.since} />)
          </>,
        ],
        ['Message', task.message ? <Text of={task.message} /> : null],
        ['Image', task.image ? <Text of={task.image} /> : null],
        ['Restarts', count(task.restarts ?? 0)],
        ['Exit code', task.exit_code == null ? null : String(task.exit_code)],
        [
          'Id',
          <span class="mono">
            <Text of={task.id} />
          </span>,
        ],
      ]}
    />
  );
}

export function TaskPage({ swarm, id }: { swarm: Swarm; id: string }): JSX.Element {
  const task = swarm.tasks.find((one) => one.id === id);
  if (!task) return <Gone what="Task" id={id} />;
  return (
    <>
      <Crumbs />
      <div class="head">
        <Title text={`Task ${task.name || task.id}`} />
        <Sign kind={kindOf(task)} word={task.state} />
      </div>
      {task.error && (
        <ErrorLine>
          <Text of={task.error} most={2000} />
          {task.exit_code ? ` (code ${task.exit_code})` : ''}
        </ErrorLine>
      )}
      <Section title="Facts">
        <TaskFacts swarm={swarm} task={task} />
      </Section>
      {task.runs && task.runs.length > 0 && (
        <Section title="What it runs">
          <ul>
            {task.runs.map((run) => (
              <li key={run.name}>
                <Text of={run.name} most={160} />
                {run.campaign && (
                  <span class="quiet">
                    {' '}
                    of <Text of={run.campaign} most={60} />
                  </span>
                )}
                {run.fraction != null && ` ${percent(run.fraction)}`}
              </li>
            ))}
          </ul>
        </Section>
      )}
      <Logs path={apiPath`/api/v1/tasks/${id}/logs`} label="Log of the task" />
    </>
  );
}
