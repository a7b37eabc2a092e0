// Tables: columns say how a cell is shown; they scroll within their box.
import type { ComponentChildren, JSX } from 'preact';
import { memo } from './memo';
import { count } from './formats';
import { hereWith, queryNumber, setQuery } from './router';

export interface Column<T> {
  name: string;
  head: ComponentChildren;
  cell: (row: T) => ComponentChildren;
  kind?: 'number' | 'wide' | 'tight';
  sort?: string; // the server's name for sorting by it
  rowHead?: boolean;
}

interface RowProps<T> {
  row: T;
  columns: Column<T>[];
  chosen?: boolean;
  choose?: (row: T, on: boolean) => void;
  name?: (row: T) => string;
}

function PlainRow<T>({ row, columns, chosen, choose, name }: RowProps<T>): JSX.Element {
  return (
    <tr class={chosen ? 'chosen' : undefined}>
      {choose && (
        <td class="tight">
          <input
            type="checkbox"
            checked={chosen}
            aria-label={`Select ${name ? name(row) : 'row'}`}
            onChange={(event) => choose(row, event.currentTarget.checked)}
          />
        </td>
      )}
      {columns.map((column) =>
        column.rowHead ? (
          <th scope="row" key={column.name} class={column.kind}>
            {column.cell(row)}
          </th>
        ) : (
          <td key={column.name} class={column.kind}>
            {column.cell(row)}
          </td>
        ),
      )}
    </tr>
  );
}

// A row is drawn again when it, its columns or its choice change.
const Row = memo(PlainRow) as typeof PlainRow;

interface TableProps<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  keyOf: (row: T) => string | number;
  empty: string;
  sort?: string;
  order?: string;
  onSort?: (sort: string, order: 'asc' | 'desc') => void;
  busy?: boolean;
  low?: boolean; // scrolls within a part of the screen
  select?: {
    has: (row: T) => boolean;
    choose: (row: T, on: boolean) => void;
    all: (on: boolean) => void;
    name: (row: T) => string;
  };
}

function Head<T>({ column, props }: { column: Column<T>; props: TableProps<T> }): JSX.Element {
  if (!column.sort || !props.onSort)
    return (
      <th scope="col" class={column.kind}>
        {column.head}
      </th>
    );
  const own = props.sort === column.sort;
  const next = own && props.order === 'asc' ? 'desc' : 'asc';
  return (
    <th
      scope="col"
      class={column.kind}
      aria-sort={own ? (props.order === 'desc' ? 'descending' : 'ascending') : 'none'}
    >
      <button type="button" class="sort" onClick={() => props.onSort!(column.sort!, next)}>
        {column.head}
        <span aria-hidden="true" class="arrow">
          {own ? (props.order === 'desc' ? '▾' : '▴') : ''}
        </span>
      </button>
    </th>
  );
}

export function Table<T>(props: TableProps<T>): JSX.Element {
  const { columns, rows, keyOf, select } = props;
  const all = select != null && rows.length > 0 && rows.every(select.has);
  return (
    <div class={props.low ? 'box low' : 'box'} role="group" aria-label={props.label} tabIndex={0}>
      <table aria-busy={props.busy}>
        <caption class="hidden">{props.label}</caption>
        <thead>
          <tr>
            {select && (
              <th scope="col" class="tight">
                <input
                  type="checkbox"
                  aria-label="Select all rows of this page"
                  checked={all}
                  onChange={(event) => select.all(event.currentTarget.checked)}
                />
              </th>
            )}
            {columns.map((column) => (
              <Head key={column.name} column={column} props={props} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row
              key={keyOf(row)}
              row={row}
              columns={columns}
              chosen={select?.has(row)}
              choose={select?.choose}
              name={select?.name}
            />
          ))}
          {rows.length === 0 && (
            <tr>
              <td colSpan={columns.length + (select ? 1 : 0)} class="empty">
                {props.empty}
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

// Pages of a list that the server cuts; the offset is in the address.
export function Pager({
  total,
  most,
  shown,
  name = 'offset',
}: {
  total: number;
  most: number;
  shown: number;
  name?: string;
}): JSX.Element {
  const offset = Math.max(0, queryNumber(name, 0));
  const to = (next: number): string => hereWith({ [name]: next > 0 ? next : null });
  const step = (next: number, text: string, able: boolean): JSX.Element =>
    able ? (
      <a class="button small" href={to(next)}>
        {text}
      </a>
    ) : (
      <span class="button small off" aria-disabled="true">
        {text}
      </span>
    );
  return (
    <nav class="pager" aria-label="Pages of the list">
      {step(0, 'First', offset > 0)}
      {step(Math.max(0, offset - most), 'Previous', offset > 0)}
      <span class="range" aria-live="polite">
        {total === 0 ? '0 of 0' : `${count(offset + 1)} to ${count(offset + shown)} of ${count(total)}`}
      </span>
      {step(offset + most, 'Next', offset + most < total)}
      {step(Math.floor(Math.max(0, total - 1) / most) * most, 'Last', offset + most < total)}
    </nav>
  );
}

export function sortBy(sort: string, order: 'asc' | 'desc'): void {
  setQuery({ sort, order, offset: null });
}
