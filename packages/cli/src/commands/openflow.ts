import { type Command, InvalidArgumentError, Option } from 'commander';
import type { DecodeOptions, EncodeOptions } from '../openflow.js';

const versions: Readonly<Record<string, number>> = { '1.0': 1, '1.3': 4, '1.4': 5, '1.5': 6 };

function versionOption(description: string): Option {
  return new Option('--version <version>', `${description}: ${Object.keys(versions).join(', ')}`).argParser((text) => {
    const version = versions[text];
    if (version !== undefined) return version;
    throw new InvalidArgumentError(`It must be one of ${Object.keys(versions).join(', ')}.`);
  });
}

/** `linecard openflow`: OpenFlow messages as bytes and as JSON. */
export function addOpenflow(program: Command): void {
  const group = program
    .command('openflow')
    .summary('decode and encode OpenFlow messages')
    .description('OpenFlow messages of versions 1.0 and 1.3 to 1.5: as bytes, as JSON and as text.');
  addDecode(group);
  addEncode(group);
}

function addDecode(group: Command): void {
  group
    .command('decode')
    .summary('turn bytes into JSON')
    .description(
      'Decodes OpenFlow messages, one behind the other, and prints each as a line of JSON. Numbers of 64 bits are\n' +
        'written as {"$int": "5"}, bytes as {"$hex": "0a0b"}. What is not known survives as bytes.',
    )
    .argument('[hex...]', 'hexadecimal digits; otherwise standard input is read: hexadecimal digits, or the bytes')
    .addOption(versionOption('refuse messages of another version'))
    .option('--text', 'print as `ovs-ofctl ofp-print` does')
    .addHelpText(
      'after',
      `
Examples:
  linecard openflow decode 0400000800000001
  linecard openflow decode --text <capture.bin
  linecard openflow decode --version 1.3 <capture.hex | jq -r .type`,
    )
    .action(async (words: string[], options: DecodeOptions) => {
      const { decodeMessages } = await import('../openflow.js');
      await decodeMessages(words, options);
    });
}

function addEncode(group: Command): void {
  group
    .command('encode')
    .summary('turn JSON into bytes')
    .description('Encodes OpenFlow messages from what `linecard openflow decode` prints: one line of hex for each.')
    .argument('[json]', 'a message or an array of messages; otherwise standard input is read, also one for each line')
    .addOption(versionOption('version of messages that have none'))
    .option('--binary', 'write the bytes themselves')
    .addHelpText(
      'after',
      `
Examples:
  linecard openflow encode '{"type": "hello", "version": 4, "elements": []}'
  linecard openflow encode --version 1.0 '{"type": "barrier_request", "xid": 7}'
  linecard openflow decode <capture.bin | linecard openflow encode --binary | cmp - capture.bin`,
    )
    .action(async (text: string | undefined, options: EncodeOptions) => {
      const { encodeMessages } = await import('../openflow.js');
      await encodeMessages(text, options);
    });
}
