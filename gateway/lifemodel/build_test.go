package lifemodel

import (
	"slices"

	"bellman/gateway"
)

// build says in what the program differs from the one that is shipped, and which
// bounds the world breaks. The zero value is the program as it is, in a world that
// keeps to its bounds.
type build struct {
	// The program.
	leaseRequeues       bool // an expired Sending goes back to the queue
	blindRetry          bool // an uncertain answer is tried again
	postFirst           bool // the text leaves before Sending is written
	noTokens            bool // scripts do not compare tokens
	noDeadline          bool // a hand-over begins however late
	noDigest            bool // Sending is written on whatever the record says now
	noConsent           bool // the step to Sending does not ask for opt-outs
	claimForgetsOptOuts bool
	planTouchesSending  bool // a move withdraws what has left already
	earlyList           bool // the list is believed before its time
	neverGivesUp        bool
	noReaper            bool
	heldAtOnce          bool // what is held is looked at again at once
	answersStopAtOnce   bool
	longDeadline        bool                              // a hand-over may begin for as long as the lease runs
	impatientStop       bool                              // STOP is answered when Redis does not answer
	asksNewNumber       bool                              // the list is read for the number of today
	silentIsAbsent      bool                              // what the list shows as failed never arrived
	forgetsItWasTaken   bool                              // what the network did not answer for is like any other unknown
	extra               map[gateway.State][]gateway.State // moves that the table does not have

	onlyLaw law // the one to look at; kept: all

	// The world.
	diaries     []diary // what the diary may come to say
	slowNetwork bool    // a request arrives after the list was given its time
	slowList    bool    // the list shows a text later than that
	pauseInside bool    // a process stops between its look at the clock and the wire
}

// sourcesOf is what the store gives the script for a move.
func (b *build) sourcesOf(to gateway.State, why gateway.Reason) string {
	from := gateway.SourcesFor(to, why)
	for s, tos := range b.extra {
		if slices.Contains(tos, to) {
			from += string(rune(s))
		}
	}
	return from
}
