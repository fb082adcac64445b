import type { Command, Option } from 'commander';

export type Shell = 'bash' | 'zsh' | 'fish';

/** The commands that list what an argument of this name may be. */
const sources: Readonly<Record<string, string>> = {
  container: "docker ps --format '{{.Names}}' 2>/dev/null",
  network: "docker network ls --filter driver=ovs --filter driver=openvswitch --format '{{.Name}}' 2>/dev/null",
  bridge: 'ovs-vsctl --timeout=2 list-br 2>/dev/null',
};

/** What shells are told of an option. */
interface Flag extends Pick<Option, 'description' | 'required'> {
  readonly long: string | undefined;
  readonly short: string | undefined;
  readonly argChoices: readonly string[] | undefined;
}

interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly Flag[];
  /** For each argument the words that it may be, or the command that lists them; the last one may be repeated. */
  readonly args: readonly (readonly string[] | string)[];
  /** Groups within the group: the words that may follow each. */
  readonly groups: readonly { readonly name: string; readonly words: readonly string[] }[];
}

function entries(program: Command): Entry[] {
  return program.commands.map((command) => ({
    name: command.name(),
    summary: command.summary(),
    options: optionsOf(command),
    args:
      command.commands.length > 0
        ? [command.commands.map((part) => part.name())]
        : command.registeredArguments.map((argument) => argument.argChoices ?? sources[argument.name()] ?? []),
    groups: command.commands
      .filter((part) => part.commands.length > 0)
      .map((part) => ({ name: part.name(), words: part.commands.map((one) => one.name()) })),
  }));
}

/** The options of a command; of a group of commands those that any of them has, with the choices of all. */
function optionsOf(command: Command): readonly Flag[] {
  const withParts = (one: Command): Command[] => [one, ...one.commands.flatMap(withParts)];
  const all = withParts(command).flatMap((one) => one.createHelp().visibleOptions(one));
  const merged = new Map<string | undefined, Flag>();
  for (const { long, short, description, argChoices, required } of all) {
    const choices = [...new Set([...(merged.get(long)?.argChoices ?? []), ...(argChoices ?? [])])];
    merged.set(long, { long, short, description, required, argChoices: choices.length === 0 ? undefined : choices });
  }
  return [...merged.values()];
}

/** The script by which a shell completes a program, made from the program's own definition. */
export function completionScript(program: Command, shell: Shell): string {
  const all = entries(program);
  if (shell === 'bash') return bashScript(all);
  return shell === 'zsh' ? zshScript(all) : fishScript(all);
}

const namesOf = ({ long, short }: Flag) => [long, short].filter((name) => name !== undefined && name !== null);
const flags = (options: readonly Flag[]) => options.flatMap(namesOf);

/** `words` of a case branch: what stands there, or what a command lists. */
function wordsOf(arg: readonly string[] | string): string {
  return typeof arg === 'string' ? `$(${arg})` : arg.join(' ');
}

function bashCase({ name, options, args, groups }: Entry): string {
  const choices = options.flatMap((option) => {
    const pattern = namesOf(option).map((flag) => `${name}:${flag}:*`);
    const { argChoices } = option;
    return argChoices === undefined ? [] : [`      ${pattern.join('|')}) words='${argChoices.join(' ')}' ;;`];
  });
  const positions = args.map((arg, i) => `      ${name}:*:${i}) words="${wordsOf(arg)}" ;;`);
  const within = groups.map((group) => `      ${name}:${group.name}:1) words='${group.words.join(' ')}' ;;`);
  return [...choices, ...within, ...positions].join('\n');
}

function bashScript(all: readonly Entry[]): string {
  const names = all.map(({ name }) => name).join(' ');
  const flagCases = all.map(({ name, options }) => `      ${name}) words='${flags(options).join(' ')}' ;;`);
  return `# bash completion of linecard
_linecard() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local command=\${COMP_WORDS[1]} words='' position=0 i
  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ]; then
    words='${names} --help --version'
  elif [[ $current == -* ]]; then
    case $command in
${flagCases.join('\n')}
    esac
  else
    for ((i = 2; i < COMP_CWORD; i++)); do
      case \${COMP_WORDS[i]} in -*) ;; *) position=$((position + 1)) ;; esac
    done
    case $command:$previous:$position in
${all
  .map(bashCase)
  .filter(Boolean)
  .join('\n')
  .replaceAll(/^( +\S+:--[\w-]+)\)/gm, '$1:*)')}
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _linecard linecard
`;
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
const bracketed = (text: string) => text.replaceAll(/[[\]:]/g, ' ');

function zshAction(arg: readonly string[] | string): string {
  if (typeof arg === 'string') return `($(${arg}))`;
  return arg.length === 0 ? ' ' : `(${arg.join(' ')})`;
}

function zshOptions({ options }: Entry): string[] {
  return options.flatMap((option) => {
    const { description, argChoices, required } = option;
    const value = argChoices === undefined ? '_files' : zshAction(argChoices);
    return namesOf(option).map((flag) =>
      quoted(`${flag}[${bracketed(description)}]${required ? `:value:${value}` : ''}`),
    );
  });
}

function zshScript(all: readonly Entry[]): string {
  const commands = all.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`);
  const cases = all.map((entry) => {
    const positions = entry.args.map((arg, i) => `"${i + 1}:argument:${zshAction(arg)}"`);
    const within = entry.groups.map(({ name, words }) => `[[ $words[2] = ${name} ]] && echo ${words.join(' ')}`);
    const second = within.length === 0 ? [] : [`"2:argument:($(${within.join('; ')}))"`];
    return `    ${entry.name}) _arguments ${[...zshOptions(entry), ...positions, ...second].join(' ')} ;;`;
  });
  return `#compdef linecard
_linecard() {
  local -a commands
  commands=(
${commands.join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = _linecard ]; then _linecard "$@"; else compdef _linecard linecard; fi
`;
}

function fishOption(name: string, { long, short, description, argChoices, required }: Flag): string {
  const parts = [
    `complete -c linecard -n '__fish_seen_subcommand_from ${name}'`,
    ...(long ? [`-l ${long.replace(/^--/, '')}`] : []),
    ...(short ? [`-s ${short.replace(/^-/, '')}`] : []),
    // What has no choices may be a file.
    ...(required ? [argChoices === undefined ? '-r -F' : '-x'] : []),
    ...(argChoices === undefined ? [] : [`-a ${quoted(argChoices.join(' '))}`]),
    `-d ${quoted(description)}`,
  ];
  return parts.join(' ');
}

function fishScript(all: readonly Entry[]): string {
  const lines = all.flatMap(({ name, summary, options, args, groups }) => [
    `complete -c linecard -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
    ...options.map((option) => fishOption(name, option)),
    ...args
      .filter((arg) => arg.length > 0)
      .map((arg) => {
        const words = typeof arg === 'string' ? quoted(`(${arg})`) : quoted(arg.join(' '));
        return `complete -c linecard -n '__fish_seen_subcommand_from ${name}' -a ${words}`;
      }),
    ...groups.map((group) => {
      const seen = `__fish_seen_subcommand_from ${name}; and __fish_seen_subcommand_from ${group.name}`;
      return `complete -c linecard -n '${seen}' -a ${quoted(group.words.join(' '))}`;
    }),
  ]);
  return `# fish completion of linecard\ncomplete -c linecard -f\n${lines.join('\n')}\n`;
}
