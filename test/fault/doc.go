// Package fault breaks a running hub and looks at what is left: it kills the process after each system call that makes
// something durable or visible, and lets such calls fail as on a full or dying disk.
//
// What must hold after every break: a ref is where it was or where the commit put it; what was acknowledged is there,
// byte for byte; what was not is there whole or not at all; git fsck finds nothing to complain of; and after one round
// of the sweeper no stored byte is left that nothing refers to. The same folder goes on being used, so that later
// breaks meet what earlier ones left.
//
// The ordinary run breaks at a few places of each kind, AMBIT_FULL=1 at all of them. strace does the breaking.
package fault
