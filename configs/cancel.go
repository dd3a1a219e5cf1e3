package configs

import (
	"strings"
	"time"
)

// cancelSection is what a patient's CANCEL with its code may do by itself.
type cancelSection struct {
	Automatic bool          `yaml:"automatic"`
	AtLeast   time.Duration `yaml:"at_least"`
}

// The bounds of at_least.
const (
	leastNotice = time.Hour // nearer, the patient may be on the way and the room be kept
	mostNotice  = 60 * 24 * time.Hour
)

func checkCancel(c cancelSection, path string, out *report) {
	if c.AtLeast < leastNotice || c.AtLeast > mostNotice {
		out.fault(under(path, "at_least"), "must be from 1h to 1440h: how far away a visit must be to be cancelled by a text alone")
	}
}

// checkSelfCancel finds out whether visits of a practice may be cancelled by texts
// alone: somebody there must have approved it, and patients must be able to reply.
func checkSelfCancel(c cancelSection, p practiceSection, path string, out *report) {
	if !c.Automatic {
		return
	}
	if strings.TrimSpace(p.Writes.Cancellations) == "" {
		out.fault(under(path, "writes.cancellations"),
			"is missing: policy.cancel.automatic lets a text cancel a visit, so name the person at the practice who approved it, or write policy: {cancel: {automatic: false}} for this practice")
	}
	if !strings.HasPrefix(p.Sender, "+") {
		out.fault(under(path, "policy.cancel.automatic"), "cannot be: patients cannot reply to a sender that is a name")
	}
}

// checkCancelWords refuses to have patients answer with CANCEL as long as the provider
// takes that word for STOP (HAZ-11): who leaves the code away would get no text any
// more, neither a reminder nor the answer that a visit is cancelled.
func checkCancelWords(policy policySection, p practiceSection, custom bool, path string, out *report) {
	const key = "twilio.custom_opt_out_words"
	if custom || out.silent(key) || !strings.HasPrefix(p.Sender, "+") { // to a name nobody can answer
		return
	}
	const needs = "needs " + key + ": true: until CANCEL is taken off Twilio's own words (docs/adapters/twilio.md), Twilio blocks every text to a patient who answers CANCEL alone"
	switch {
	case policy.Extras.CancelByText:
		out.fault(under(path, "policy.cancel_by_text"), needs)
	case policy.Cancel.Automatic:
		out.fault(under(path, "policy.cancel.automatic"), needs)
	}
}
