/**
 * All match fields: OXM of OpenFlow 1.2 to 1.5 (sections 7.2.2 and 7.2.3 of 1.5.1), ONF's extensions, Nicira's NXM and
 * the registers. Pure data; `oxm.ts` compiles it, the text form reads the formats and prerequisites.
 *
 * A field is one logical thing with one or more encodings. Names are those of the OXM fields where there is one, else
 * those of ovs-fields(7); the first alias is the name that ovs-ofctl prints.
 */

/** How a value is written as text. */
export type FieldFormat =
  | 'dec'
  | 'hex'
  | 'ipv4'
  | 'ipv6'
  | 'mac'
  | 'port'
  | 'ctState'
  | 'tunFlags'
  | 'tcpFlags'
  | 'frag'
  | 'packetType';

/** What else a match must say before it may use a field (see `prerequisites.ts`). */
export type PrerequisiteName =
  | 'none'
  | 'vlan'
  | 'mpls'
  | 'ipv4'
  | 'ipv6'
  | 'ip'
  | 'arp'
  | 'nsh'
  | 'tcp'
  | 'udp'
  | 'sctp'
  | 'icmpv4'
  | 'icmpv6'
  | 'nd'
  | 'ndSolicit'
  | 'ndAdvert'
  | 'ct'
  | 'pbb';

/** One row of the table of fields. */
export interface FieldRow<N extends string = string> {
  readonly name: N;
  readonly aliases: readonly string[];
  /** Bytes of a value on the wire; 124 stands for "up to 124" (tunnel metadata). */
  readonly size: number;
  /** How many low bits may be set. */
  readonly bits: number;
  readonly format: FieldFormat;
  readonly maskable: boolean;
  readonly needs: PrerequisiteName;
  /** `NAME:number`, with `/size` where the encoding is shorter and `@version` where it exists only since then. */
  readonly encodings: readonly string[];
}

function field<const N extends string>(
  name: N,
  aliases: readonly string[],
  size: number,
  bits: number,
  format: FieldFormat,
  maskable: boolean,
  needs: PrerequisiteName,
  ...encodings: string[]
): FieldRow<N> {
  return { name, aliases, size, bits, format, maskable, needs, encodings };
}

/** Class and experimenter of an encoding, by the prefix of its name; the longest prefix counts. */
export const encodingClasses: readonly (readonly [prefix: string, oxmClass: number, experimenter: number])[] = [
  ['OXM_OF_PKT_REG', 0x8001, 0],
  ['OXM_OF_', 0x8000, 0],
  ['NXM_OF_', 0x0000, 0],
  ['NXM_NX_', 0x0001, 0],
  ['ONFOXM_ET_', 0xffff, 0x4f4e_4600],
  ['NXOXM_ET_', 0xffff, 0x0000_2320],
  ['NXOXM_NSH_', 0xffff, 0x005a_d650],
  ['ERICOXM_OF_', 0x1000, 0],
];

export const fieldRows = [
  field('dp_hash', [], 4, 32, 'hex', true, 'none', 'NXM_NX_DP_HASH:35'),
  field('recirc_id', [], 4, 32, 'dec', false, 'none', 'NXM_NX_RECIRC_ID:36'),
  field('packet_type', [], 4, 32, 'packetType', false, 'none', 'OXM_OF_PACKET_TYPE:44'),
  field('conj_id', [], 4, 32, 'dec', false, 'none', 'NXM_NX_CONJ_ID:37'),
  field('tunnel_id', ['tun_id'], 8, 64, 'hex', true, 'none', 'OXM_OF_TUNNEL_ID:38', 'NXM_NX_TUN_ID:16'),
  field('tun_src', [], 4, 32, 'ipv4', true, 'none', 'NXM_NX_TUN_IPV4_SRC:31'),
  field('tun_dst', [], 4, 32, 'ipv4', true, 'none', 'NXM_NX_TUN_IPV4_DST:32'),
  field('tun_ipv6_src', [], 16, 128, 'ipv6', true, 'none', 'NXM_NX_TUN_IPV6_SRC:109'),
  field('tun_ipv6_dst', [], 16, 128, 'ipv6', true, 'none', 'NXM_NX_TUN_IPV6_DST:110'),
  field('tun_flags', [], 2, 1, 'tunFlags', true, 'none', 'NXM_NX_TUN_FLAGS:104'),
  field('tun_gbp_id', [], 2, 16, 'dec', true, 'none', 'NXM_NX_TUN_GBP_ID:38'),
  field('tun_gbp_flags', [], 1, 8, 'hex', true, 'none', 'NXM_NX_TUN_GBP_FLAGS:39'),
  field('tun_erspan_idx', [], 4, 20, 'hex', true, 'none', 'NXOXM_ET_ERSPAN_IDX:11'),
  field('tun_erspan_ver', [], 1, 4, 'dec', true, 'none', 'NXOXM_ET_ERSPAN_VER:12'),
  field('tun_erspan_dir', [], 1, 1, 'dec', true, 'none', 'NXOXM_ET_ERSPAN_DIR:13'),
  field('tun_erspan_hwid', [], 1, 6, 'hex', true, 'none', 'NXOXM_ET_ERSPAN_HWID:14'),
  field('tun_gtpu_flags', [], 1, 8, 'hex', true, 'none', 'NXOXM_ET_GTPU_FLAGS:15'),
  field('tun_gtpu_msgtype', [], 1, 8, 'dec', true, 'none', 'NXOXM_ET_GTPU_MSGTYPE:16'),
  field('tun_metadata0', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA0:40'),
  field('tun_metadata1', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA1:41'),
  field('tun_metadata2', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA2:42'),
  field('tun_metadata3', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA3:43'),
  field('tun_metadata4', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA4:44'),
  field('tun_metadata5', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA5:45'),
  field('tun_metadata6', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA6:46'),
  field('tun_metadata7', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA7:47'),
  field('tun_metadata8', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA8:48'),
  field('tun_metadata9', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA9:49'),
  field('tun_metadata10', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA10:50'),
  field('tun_metadata11', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA11:51'),
  field('tun_metadata12', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA12:52'),
  field('tun_metadata13', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA13:53'),
  field('tun_metadata14', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA14:54'),
  field('tun_metadata15', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA15:55'),
  field('tun_metadata16', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA16:56'),
  field('tun_metadata17', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA17:57'),
  field('tun_metadata18', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA18:58'),
  field('tun_metadata19', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA19:59'),
  field('tun_metadata20', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA20:60'),
  field('tun_metadata21', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA21:61'),
  field('tun_metadata22', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA22:62'),
  field('tun_metadata23', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA23:63'),
  field('tun_metadata24', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA24:64'),
  field('tun_metadata25', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA25:65'),
  field('tun_metadata26', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA26:66'),
  field('tun_metadata27', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA27:67'),
  field('tun_metadata28', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA28:68'),
  field('tun_metadata29', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA29:69'),
  field('tun_metadata30', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA30:70'),
  field('tun_metadata31', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA31:71'),
  field('tun_metadata32', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA32:72'),
  field('tun_metadata33', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA33:73'),
  field('tun_metadata34', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA34:74'),
  field('tun_metadata35', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA35:75'),
  field('tun_metadata36', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA36:76'),
  field('tun_metadata37', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA37:77'),
  field('tun_metadata38', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA38:78'),
  field('tun_metadata39', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA39:79'),
  field('tun_metadata40', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA40:80'),
  field('tun_metadata41', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA41:81'),
  field('tun_metadata42', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA42:82'),
  field('tun_metadata43', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA43:83'),
  field('tun_metadata44', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA44:84'),
  field('tun_metadata45', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA45:85'),
  field('tun_metadata46', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA46:86'),
  field('tun_metadata47', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA47:87'),
  field('tun_metadata48', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA48:88'),
  field('tun_metadata49', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA49:89'),
  field('tun_metadata50', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA50:90'),
  field('tun_metadata51', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA51:91'),
  field('tun_metadata52', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA52:92'),
  field('tun_metadata53', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA53:93'),
  field('tun_metadata54', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA54:94'),
  field('tun_metadata55', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA55:95'),
  field('tun_metadata56', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA56:96'),
  field('tun_metadata57', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA57:97'),
  field('tun_metadata58', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA58:98'),
  field('tun_metadata59', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA59:99'),
  field('tun_metadata60', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA60:100'),
  field('tun_metadata61', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA61:101'),
  field('tun_metadata62', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA62:102'),
  field('tun_metadata63', [], 124, 992, 'hex', true, 'none', 'NXM_NX_TUN_METADATA63:103'),
  field('metadata', [], 8, 64, 'hex', true, 'none', 'OXM_OF_METADATA:2'),
  field('in_port', [], 4, 32, 'port', false, 'none', 'OXM_OF_IN_PORT:0', 'NXM_OF_IN_PORT:0/2'),
  field('in_phy_port', [], 4, 32, 'port', false, 'none', 'OXM_OF_IN_PHY_PORT:1'),
  field('actset_output', [], 4, 32, 'port', false, 'none', 'ONFOXM_ET_ACTSET_OUTPUT:43@4', 'OXM_OF_ACTSET_OUTPUT:43@6'),
  field('pkt_mark', [], 4, 32, 'hex', true, 'none', 'NXM_NX_PKT_MARK:33'),
  field('ct_state', [], 4, 32, 'ctState', true, 'none', 'NXM_NX_CT_STATE:105'),
  field('ct_zone', [], 2, 16, 'dec', false, 'none', 'NXM_NX_CT_ZONE:106'),
  field('ct_mark', [], 4, 32, 'hex', true, 'none', 'NXM_NX_CT_MARK:107'),
  field('ct_label', [], 16, 128, 'hex', true, 'none', 'NXM_NX_CT_LABEL:108'),
  field('ct_nw_proto', [], 1, 8, 'dec', false, 'ct', 'NXM_NX_CT_NW_PROTO:119'),
  field('ct_nw_src', [], 4, 32, 'ipv4', true, 'ct', 'NXM_NX_CT_NW_SRC:120'),
  field('ct_nw_dst', [], 4, 32, 'ipv4', true, 'ct', 'NXM_NX_CT_NW_DST:121'),
  field('ct_ipv6_src', [], 16, 128, 'ipv6', true, 'ct', 'NXM_NX_CT_IPV6_SRC:122'),
  field('ct_ipv6_dst', [], 16, 128, 'ipv6', true, 'ct', 'NXM_NX_CT_IPV6_DST:123'),
  field('ct_tp_src', [], 2, 16, 'dec', true, 'ct', 'NXM_NX_CT_TP_SRC:124'),
  field('ct_tp_dst', [], 2, 16, 'dec', true, 'ct', 'NXM_NX_CT_TP_DST:125'),
  field('reg0', [], 4, 32, 'hex', true, 'none', 'NXM_NX_REG0:0'),
  field('reg1', [], 4, 32, 'hex', true, 'none', 'NXM_NX_REG1:1'),
  field('reg2', [], 4, 32, 'hex', true, 'none', 'NXM_NX_REG2:2'),
  field('reg3', [], 4, 32, 'hex', true, 'none', 'NXM_NX_REG3:3'),
  field('reg4', [], 4, 32, 'hex', true, 'none', 'NXM_NX_REG4:4'),
  field('reg5', [], 4, 32, 'hex', true, 'none', 'NXM_NX_REG5:5'),
  field('reg6', [], 4, 32, 'hex', true, 'none', 'NXM_NX_REG6:6'),
  field('reg7', [], 4, 32, 'hex', true, 'none', 'NXM_NX_REG7:7'),
  field('reg8', [], 4, 32, 'hex', true, 'none', 'NXM_NX_REG8:8'),
  field('reg9', [], 4, 32, 'hex', true, 'none', 'NXM_NX_REG9:9'),
  field('reg10', [], 4, 32, 'hex', true, 'none', 'NXM_NX_REG10:10'),
  field('reg11', [], 4, 32, 'hex', true, 'none', 'NXM_NX_REG11:11'),
  field('reg12', [], 4, 32, 'hex', true, 'none', 'NXM_NX_REG12:12'),
  field('reg13', [], 4, 32, 'hex', true, 'none', 'NXM_NX_REG13:13'),
  field('reg14', [], 4, 32, 'hex', true, 'none', 'NXM_NX_REG14:14'),
  field('reg15', [], 4, 32, 'hex', true, 'none', 'NXM_NX_REG15:15'),
  field('xreg0', [], 8, 64, 'hex', true, 'none', 'OXM_OF_PKT_REG0:0'),
  field('xreg1', [], 8, 64, 'hex', true, 'none', 'OXM_OF_PKT_REG1:1'),
  field('xreg2', [], 8, 64, 'hex', true, 'none', 'OXM_OF_PKT_REG2:2'),
  field('xreg3', [], 8, 64, 'hex', true, 'none', 'OXM_OF_PKT_REG3:3'),
  field('xreg4', [], 8, 64, 'hex', true, 'none', 'OXM_OF_PKT_REG4:4'),
  field('xreg5', [], 8, 64, 'hex', true, 'none', 'OXM_OF_PKT_REG5:5'),
  field('xreg6', [], 8, 64, 'hex', true, 'none', 'OXM_OF_PKT_REG6:6'),
  field('xreg7', [], 8, 64, 'hex', true, 'none', 'OXM_OF_PKT_REG7:7'),
  field('xxreg0', [], 16, 128, 'hex', true, 'none', 'NXM_NX_XXREG0:111'),
  field('xxreg1', [], 16, 128, 'hex', true, 'none', 'NXM_NX_XXREG1:112'),
  field('xxreg2', [], 16, 128, 'hex', true, 'none', 'NXM_NX_XXREG2:113'),
  field('xxreg3', [], 16, 128, 'hex', true, 'none', 'NXM_NX_XXREG3:114'),
  field('eth_src', ['dl_src'], 6, 48, 'mac', true, 'none', 'OXM_OF_ETH_SRC:4', 'NXM_OF_ETH_SRC:2'),
  field('eth_dst', ['dl_dst'], 6, 48, 'mac', true, 'none', 'OXM_OF_ETH_DST:3', 'NXM_OF_ETH_DST:1'),
  field('eth_type', ['dl_type'], 2, 16, 'hex', false, 'none', 'OXM_OF_ETH_TYPE:5', 'NXM_OF_ETH_TYPE:3'),
  field('vlan_tci', [], 2, 16, 'hex', true, 'none', 'NXM_OF_VLAN_TCI:4'),
  field('vlan_vid', [], 2, 12, 'dec', true, 'none', 'OXM_OF_VLAN_VID:6'),
  field('vlan_pcp', [], 1, 3, 'dec', false, 'vlan', 'OXM_OF_VLAN_PCP:7'),
  field('mpls_label', [], 4, 20, 'dec', false, 'mpls', 'OXM_OF_MPLS_LABEL:34'),
  field('mpls_tc', [], 1, 3, 'dec', false, 'mpls', 'OXM_OF_MPLS_TC:35'),
  field('mpls_bos', [], 1, 1, 'dec', false, 'mpls', 'OXM_OF_MPLS_BOS:36'),
  field('mpls_ttl', [], 1, 8, 'dec', false, 'mpls', 'NXM_NX_MPLS_TTL:30'),
  field('ipv4_src', ['nw_src', 'ip_src'], 4, 32, 'ipv4', true, 'ipv4', 'OXM_OF_IPV4_SRC:11', 'NXM_OF_IP_SRC:7'),
  field('ipv4_dst', ['nw_dst', 'ip_dst'], 4, 32, 'ipv4', true, 'ipv4', 'OXM_OF_IPV4_DST:12', 'NXM_OF_IP_DST:8'),
  field('ipv6_src', [], 16, 128, 'ipv6', true, 'ipv6', 'OXM_OF_IPV6_SRC:26', 'NXM_NX_IPV6_SRC:19'),
  field('ipv6_dst', [], 16, 128, 'ipv6', true, 'ipv6', 'OXM_OF_IPV6_DST:27', 'NXM_NX_IPV6_DST:20'),
  field('ipv6_flabel', ['ipv6_label'], 4, 20, 'hex', true, 'ipv6', 'OXM_OF_IPV6_FLABEL:28', 'NXM_NX_IPV6_LABEL:27'),
  field('ip_proto', ['nw_proto'], 1, 8, 'dec', false, 'ip', 'OXM_OF_IP_PROTO:10', 'NXM_OF_IP_PROTO:6'),
  field('nw_tos', [], 1, 8, 'dec', false, 'ip', 'NXM_OF_IP_TOS:5'),
  field('ip_dscp', [], 1, 6, 'dec', false, 'ip', 'OXM_OF_IP_DSCP:8'),
  field('ip_ecn', ['nw_ecn'], 1, 2, 'dec', false, 'ip', 'OXM_OF_IP_ECN:9', 'NXM_NX_IP_ECN:28'),
  field('nw_ttl', [], 1, 8, 'dec', false, 'ip', 'NXM_NX_IP_TTL:29'),
  field('ip_frag', ['nw_frag'], 1, 2, 'frag', true, 'ip', 'NXM_NX_IP_FRAG:26'),
  field('ipv6_exthdr', [], 2, 9, 'hex', true, 'ipv6', 'OXM_OF_IPV6_EXTHDR:39'),
  field('arp_op', [], 2, 16, 'dec', false, 'arp', 'OXM_OF_ARP_OP:21', 'NXM_OF_ARP_OP:15'),
  field('arp_spa', [], 4, 32, 'ipv4', true, 'arp', 'OXM_OF_ARP_SPA:22', 'NXM_OF_ARP_SPA:16'),
  field('arp_tpa', [], 4, 32, 'ipv4', true, 'arp', 'OXM_OF_ARP_TPA:23', 'NXM_OF_ARP_TPA:17'),
  field('arp_sha', [], 6, 48, 'mac', true, 'arp', 'OXM_OF_ARP_SHA:24', 'NXM_NX_ARP_SHA:17'),
  field('arp_tha', [], 6, 48, 'mac', true, 'arp', 'OXM_OF_ARP_THA:25', 'NXM_NX_ARP_THA:18'),
  field('tcp_src', ['tp_src'], 2, 16, 'dec', true, 'tcp', 'OXM_OF_TCP_SRC:13', 'NXM_OF_TCP_SRC:9'),
  field('tcp_dst', ['tp_dst'], 2, 16, 'dec', true, 'tcp', 'OXM_OF_TCP_DST:14', 'NXM_OF_TCP_DST:10'),
  field(
    'tcp_flags',
    [],
    2,
    12,
    'tcpFlags',
    true,
    'tcp',
    'ONFOXM_ET_TCP_FLAGS:42@4',
    'OXM_OF_TCP_FLAGS:42@6',
    'NXM_NX_TCP_FLAGS:34',
  ),
  field('udp_src', [], 2, 16, 'dec', true, 'udp', 'OXM_OF_UDP_SRC:15', 'NXM_OF_UDP_SRC:11'),
  field('udp_dst', [], 2, 16, 'dec', true, 'udp', 'OXM_OF_UDP_DST:16', 'NXM_OF_UDP_DST:12'),
  field('sctp_src', [], 2, 16, 'dec', true, 'sctp', 'OXM_OF_SCTP_SRC:17'),
  field('sctp_dst', [], 2, 16, 'dec', true, 'sctp', 'OXM_OF_SCTP_DST:18'),
  field('icmpv4_type', ['icmp_type'], 1, 8, 'dec', false, 'icmpv4', 'OXM_OF_ICMPV4_TYPE:19', 'NXM_OF_ICMP_TYPE:13'),
  field('icmpv4_code', ['icmp_code'], 1, 8, 'dec', false, 'icmpv4', 'OXM_OF_ICMPV4_CODE:20', 'NXM_OF_ICMP_CODE:14'),
  field('icmpv6_type', [], 1, 8, 'dec', false, 'icmpv6', 'OXM_OF_ICMPV6_TYPE:29', 'NXM_NX_ICMPV6_TYPE:21'),
  field('icmpv6_code', [], 1, 8, 'dec', false, 'icmpv6', 'OXM_OF_ICMPV6_CODE:30', 'NXM_NX_ICMPV6_CODE:22'),
  field(
    'ipv6_nd_target',
    ['nd_target'],
    16,
    128,
    'ipv6',
    true,
    'nd',
    'OXM_OF_IPV6_ND_TARGET:31',
    'NXM_NX_ND_TARGET:23',
  ),
  field('ipv6_nd_sll', ['nd_sll'], 6, 48, 'mac', true, 'ndSolicit', 'OXM_OF_IPV6_ND_SLL:32', 'NXM_NX_ND_SLL:24'),
  field('ipv6_nd_tll', ['nd_tll'], 6, 48, 'mac', true, 'ndAdvert', 'OXM_OF_IPV6_ND_TLL:33', 'NXM_NX_ND_TLL:25'),
  field('nd_reserved', [], 4, 32, 'dec', false, 'nd', 'ERICOXM_OF_ICMPV6_ND_RESERVED:1'),
  field('nd_options_type', [], 1, 8, 'dec', false, 'nd', 'ERICOXM_OF_ICMPV6_ND_OPTIONS_TYPE:2'),
  field('nsh_flags', [], 1, 8, 'dec', true, 'nsh', 'NXOXM_NSH_FLAGS:1'),
  field('nsh_mdtype', [], 1, 8, 'dec', false, 'nsh', 'NXOXM_NSH_MDTYPE:2'),
  field('nsh_np', [], 1, 8, 'dec', false, 'nsh', 'NXOXM_NSH_NP:3'),
  field('nsh_spi', ['nsp'], 4, 24, 'hex', false, 'nsh', 'NXOXM_NSH_SPI:4'),
  field('nsh_si', ['nsi'], 1, 8, 'dec', false, 'nsh', 'NXOXM_NSH_SI:5'),
  field('nsh_c1', ['nshc1'], 4, 32, 'hex', true, 'nsh', 'NXOXM_NSH_C1:6'),
  field('nsh_c2', ['nshc2'], 4, 32, 'hex', true, 'nsh', 'NXOXM_NSH_C2:7'),
  field('nsh_c3', ['nshc3'], 4, 32, 'hex', true, 'nsh', 'NXOXM_NSH_C3:8'),
  field('nsh_c4', ['nshc4'], 4, 32, 'hex', true, 'nsh', 'NXOXM_NSH_C4:9'),
  field('nsh_ttl', [], 1, 8, 'dec', false, 'nsh', 'NXOXM_NSH_TTL:10'),
  field('pbb_isid', [], 3, 24, 'hex', true, 'pbb', 'OXM_OF_PBB_ISID:37'),
  field('pbb_uca', [], 1, 1, 'dec', false, 'pbb', 'OXM_OF_PBB_UCA:41'),
] as const;

/** The name of a match field. */
export type FieldName = (typeof fieldRows)[number]['name'];
