/**
 * A shell line that gives a namespace made by hand the NAT rules of Docker's resolver, which every container has: with
 * them, not with just any rule, the kernel tracks all connections there, and TCP between containers loses a twentieth.
 * `container` and `namespace` are the words of a command that runs another one inside.
 */
export const copyResolverRules = (container, namespace) =>
  `${container.join(' ')} iptables-save -t nat | ${namespace.join(' ')} iptables-restore`;
