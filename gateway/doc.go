// Package gateway is the dictionary of Bellman: practices, patients,
// appointments, reminders, and the rules that say who is texted, when, and why
// not. It imports the standard library only, does no input or output, and every
// other package speaks in its words.
package gateway
