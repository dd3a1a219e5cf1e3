package twilio

import "bellman/gateway"

// The words that Twilio acts on by itself when they are the whole of a patient's
// text, in any case (twilio.com/docs/messaging/tutorials/advanced-opt-out): the
// first list blocks the practice's sender for that patient, the second lifts the
// block, the third makes Twilio answer with its own text.
var (
	DefaultOptOutWords = []string{"STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT", "CANCEL", "REVOKE", "OPTOUT"}
	DefaultOptInWords  = []string{"START", "YES", "UNSTOP"}
	DefaultHelpWords   = []string{"HELP", "INFO"}
)

// removableWords are those which Advanced Opt-Out lets a clinic take off the
// lists, and which docs/adapters/twilio.md tells it to take off.
var removableWords = []string{"CANCEL", "END", "QUIT", "YES"}

// TakenWords gives the words that Twilio takes for itself under this
// configuration, in capitals, and what it takes each for. A wording that asks
// patients to answer with one of them alone would have Twilio opt them out, or
// in, behind the practice's back.
func (c Config) TakenWords() map[string]gateway.ReplyKind {
	taken := map[string]gateway.ReplyKind{}
	for kind, words := range map[gateway.ReplyKind][]string{
		gateway.ReplyStop:  DefaultOptOutWords,
		gateway.ReplyStart: DefaultOptInWords,
		gateway.ReplyHelp:  DefaultHelpWords,
	} {
		for _, w := range words {
			taken[w] = kind
		}
	}
	if c.CustomOptOutWords {
		for _, w := range removableWords {
			delete(taken, w)
		}
	}
	return taken
}
