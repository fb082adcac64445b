/** A text whose variables were replaced, and what a person may want to know of it. */
export interface Substituted {
  readonly text: string;
  readonly warnings: readonly string[];
}

const expression = /\$\$|\$\{([A-Za-z_]\w*)(?:(:?)([-=+])([^}\n]*))?\}|\$([A-Za-z_]\w*)/g;

/**
 * Replaces variables of the environment as a shell does: `$NAME`, `${NAME}`, `${NAME-default}`, `${NAME:-default}`,
 * the same with `=`, and `${NAME:+other}`; `$$` is a dollar sign. A variable that is not set and has no default stays
 * as it is, because the text may be meant for a shell inside a container; in braces it is worth a warning.
 */
export function substituteEnvironment(
  file: string,
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): Substituted {
  const warnings: string[] = [];
  const replaced = text.replaceAll(
    expression,
    (whole, name: string | undefined, colon: string, operator: string, word: string, bare: string, at: number) => {
      if (whole === '$$') return '$';
      const value = env[name ?? bare];
      const isThere = value !== undefined && !(colon === ':' && value === '');
      if (operator === '+') return isThere ? word : '';
      if (isThere) return value;
      if (operator !== undefined) return word;
      if (name !== undefined) {
        const line = text.slice(0, at).split('\n').length;
        warnings.push(`${file}:${line}: the variable ${whole} is not set and stays as it is`);
      }
      return whole;
    },
  );
  return { text: replaced, warnings };
}
