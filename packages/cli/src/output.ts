/** A column of a table: its title and the text of each row. */
export interface Column<R> {
  readonly title: string;
  readonly text: (row: R) => string;
  readonly colour?: (row: R) => Colour | undefined;
}

const codes = { bold: '1', red: '31', green: '32', yellow: '33' } as const;
export type Colour = keyof typeof codes;

/** Colours a text, or leaves it where nobody would see a colour. */
export type Paint = (text: string, colour: Colour | undefined) => string;

/** Colours on a terminal, unless NO_COLOR (no-color.org) or a dumb terminal forbids it. */
export function painter(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Paint {
  const colourful = stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  return (text, colour) => (colourful && colour !== undefined ? `\x1b[${codes[colour]}m${text}\x1b[0m` : text);
}

/** Rows in aligned columns; columns that are empty in every row are left out. */
export function table<R>(columns: readonly Column<R>[], rows: readonly R[], paint: Paint): string {
  const shown = columns.filter(({ text }) => rows.length === 0 || rows.some((row) => text(row) !== ''));
  const cells = rows.map((row) => shown.map((column) => column.text(row) || '-'));
  const widths = shown.map(({ title }, i) => Math.max(title.length, ...cells.map((line) => line[i]!.length)));
  const layOut = (line: readonly string[], colourOf: (i: number) => Colour | undefined) =>
    line.map((text, i) => paint(i === line.length - 1 ? text : text.padEnd(widths[i]!), colourOf(i))).join('  ');
  const head = layOut(
    shown.map(({ title }) => title),
    () => 'bold',
  );
  const body = cells.map((line, r) => layOut(line, (i) => shown[i]!.colour?.(rows[r]!)));
  return `${[head, ...body].join('\n')}\n`;
}

/** JSON for programs, in a form that people can read too. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** Writes to standard output, and resolves when it is written. */
export function print(text: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
