// The swarm, as the visualizer's interface tells it.
import type { Trouble } from '../common/events';

export interface Label {
  name: string;
  value: string;
}

export interface Node {
  id: string;
  host: string;
  role: string;
  leader: boolean;
  availability: string;
  state: string;
  message: string | null;
  address: string | null;
  engine: string | null;
  system: string | null;
  cores: number | null;
  memory: number | null;
  reserved_cores: number | null;
  reserved_memory: number | null;
  running: number | null;
  labels: Label[] | Record<string, string> | null;
}

export interface Service {
  id: string;
  name: string;
  stack: string | null;
  image: string | null;
  mode: string | null;
  wanted: number | null;
  running: number | null;
  update: string | null;
  update_message: string | null;
}

export interface Task {
  id: string;
  name: string;
  service: string; // its name
  service_id: string;
  node: string | null;
  host: string | null;
  slot: number | null;
  state: string;
  desired: string | null;
  message: string | null;
  error: string | null;
  image: string | null;
  since: string | null;
  age: number | null;
  exit_code: number | null;
  restarts: number | null;
  runs?: { name: string; campaign: string | null; fraction: number | null }[] | null;
}

export interface Swarm {
  age: number | null;
  trouble: (Trouble | string)[];
  engine: { host?: string; version?: string; api?: string } | null;
  nodes: Node[];
  services: Service[];
  tasks: Task[];
}

export interface SwarmEvents {
  events: { at: string; kind: string; what: string; id: string }[];
}
