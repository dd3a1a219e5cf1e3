package main

import "fmt"

// outcome is what a command with --yes says, as --json has it.
type outcome struct {
	Done  bool   `json:"done"` // false: nothing was changed
	Words string `json:"words"`
}

// tell says in words, or as one JSON value, what a command changed, would change
// with --yes, or found nothing to change of.
func (c *cli) tell(done bool, format string, args ...any) error {
	if c.asJSON {
		return c.print(outcome{done, fmt.Sprintf(format, args...)})
	}
	c.say(format, args...)
	return nil
}
