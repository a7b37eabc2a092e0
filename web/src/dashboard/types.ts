// Answers of the dashboard's interface, as far as pages use them.
import type { Trouble } from '../common/events';

export interface Seen {
  age?: number | null;
  trouble?: (Trouble | string)[];
}

export interface Counts {
  deferred: number;
  scheduled: number;
  queued: number;
  started: number;
  finished: number;
  failed: number;
  canceled: number;
}

// How far the build is that a campaign waits for.
export interface BuildProgress {
  phase: string;
  compiled: number;
  hits: number;
  remote: number;
  expected: number;
  hosts: number;
  seconds: number;
  ahead: number;
}

export interface Campaign {
  id: string;
  name: string;
  queue: string | null;
  host: string | null;
  user?: string | null;
  created: string | null;
  runs: number;
  waiting: number;
  running: number;
  finished: number;
  failed: number;
  canceled: number;
  state: string;
  rate: number | null;
  left: number | null;
  priority?: number | null;
  build?: string | null; // its key, or its job while it is not built
  planned?: boolean; // else it is not known yet which runs it has
  building?: BuildProgress | null;
  error?: string | null;
}

export interface Queue extends Counts {
  name: string;
  campaign: string | null;
  campaign_id: string | null;
  priority: number | null;
}

export interface Worker {
  name: string;
  host: string | null;
  state: string;
  obstacle?: string | null;
  slots: number | null;
  running: number | null;
  queues?: string[];
  finished: number | null;
  failed: number | null;
  version?: string | null;
  cpu?: string | null;
  born?: string | null;
  seen?: string | null;
  working_seconds?: number | null;
}

export interface Overview extends Seen {
  suspended: boolean;
  totals: Counts & { workers: number; slots: number; running: number };
  campaigns: Campaign[];
  campaigns_total: number;
  queues: Queue[];
  workers: Worker[];
  workers_total?: number;
}

export interface Variable {
  name: string;
  values: string[];
}

export interface CampaignDetail extends Seen {
  campaign: Campaign;
  outcomes: Record<string, number>;
  variables: Variable[];
  configs: string[];
  repetitions: number | null;
  command: string | null;
  simulator: string | null;
  wall_seconds: number | null;
}

export interface Progress {
  seconds?: number | null;
  fraction?: number | null;
  simulated_time?: number | string | null;
  speed?: number | null;
  event?: number | null;
  memory?: number | null;
  line?: string | null;
}

export interface RunRow {
  position: number;
  name: string;
  state: string;
  outcome: string | null;
  attempts: number;
  seconds: number | null;
  memory: number | null;
  worker: string | null;
  host: string | null;
  started: string | null;
  ended: string | null;
  message: string | null;
}

export interface Job {
  id: string;
  queue: string;
  state: string;
  description: string | null;
  attempt: number | null;
  lost?: number | null;
  lost_on?: string[];
  stop_requested?: boolean;
  retries_left?: number | null;
  worker: string | null;
  node?: string | null;
  created: string | null;
  enqueued?: string | null;
  started: string | null;
  ended: string | null;
  progress: Progress | null;
  error: string | null;
}

export interface Attempt {
  number: number;
  campaign?: string | null;
  outcome: string | null;
  message: string | null;
  simulated_time?: string | number | null;
  module?: string | null;
  worker: string | null;
  host: string | null;
  cpu?: string | null;
  started: string | null;
  ended: string | null;
  wall_seconds: number | null;
  user_seconds: number | null;
  system_seconds: number | null;
  peak_memory: number | null;
  exit_code: number | null;
  command?: string[] | null;
  has_output?: boolean;
}

export interface RunDetail extends Seen {
  run: {
    position: number;
    name: string;
    config: string | null;
    number: number | null;
    repetition: number | null;
    seed_set: number | null;
    variables: { name: string; value: string }[];
    key: string | null;
    state: string;
    outcome: string | null;
  };
  job: Job | null;
  progress: Progress | null;
  attempts: Attempt[];
  accepted: number | null;
  files: { index: number; path: string; size: number; sha256: string | null }[];
  command: string | null;
  provenance: Record<string, string | null> | null;
}

export interface Build {
  key: string;
  tree: string | null;
  created: string | null;
  host: string | null;
  compiler: string | null;
  image: string | null;
  seconds: number | null;
  compiled: number | null;
  hits: number | null;
  remote: number | null;
  by_host?: { name: string; done: number; failed: number }[];
  hosts?: number;
  expected?: number;
  phase?: string | null;
  bytes: number | null;
  state: string;
  campaign_id: string | null;
  error: string | null;
}
