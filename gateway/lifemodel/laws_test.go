package lifemodel

import (
	"strings"

	"bellman/gateway"
)

// law is a promise that a world may break.
type law uint8

const (
	kept law = iota
	twoTexts
	afterStop
	notDecided
	notInTheTable
	fencedWriteCounted
	withdrawnThoughSent
	tooLateToLeave
	saidToBeSent
	noReason
	neverEnds
	spins
)

var lawWords = [...]string{
	twoTexts:            "the provider took two texts for one reminder",
	afterStop:           "a text was handed over after STOP was answered",
	notDecided:          "Sending was written although the newest record does not want the text, or its number opted out",
	notInTheTable:       "a move was made that is not in the table of moves",
	fencedWriteCounted:  "a sender changed a reminder that another had taken up",
	withdrawnThoughSent: "a reminder whose text was taken is called withdrawn",
	tooLateToLeave:      "a text was handed over after its last useful moment",
	saidToBeSent:        "a reminder is called accepted, delivered or not answered for although no text was taken",
	noReason:            "a reminder ended without a reason",
	neverEnds:           "a reminder does not end although nothing goes wrong any more",
	spins:               "the workers go round without anything coming of it",
}

func (w *world) breach(l law) {
	if w.broken == kept {
		w.broken = l
	}
}

// lookAtLeaving holds the step to Sending to its law: by the newest record the
// visit stands and is certain, and its number has not opted out.
func (w *world) lookAtLeaving() {
	if w.record.says != booked && w.record.says != newNumber || w.optedOut() {
		w.breach(notDecided)
	}
}

// lookAtHandOver holds the beginning of a hand-over to its laws.
func (w *world) lookAtHandOver(to uint8) {
	if w.stopping == 3 && to == 1 {
		w.breach(afterStop)
	}
	if w.over {
		w.breach(tooLateToLeave)
	}
}

// lookAtRest holds a world to what must be true in every one.
func (w *world) lookAtRest() {
	switch {
	case w.texts > 1:
		w.breach(twoTexts)
	case (w.state == gateway.Accepted || w.state == gateway.Delivered || w.silent()) && w.texts == 0:
		w.breach(saidToBeSent)
	case strings.ContainsRune("wufr", rune(w.state)) && w.reason == gateway.None:
		w.breach(noReason)
	}
}

// ended says whether the reminder has come to an end that stays: no move leads on
// but a receipt.
func (w *world) ended() bool {
	switch w.now() {
	case 0, gateway.Accepted, gateway.Delivered, gateway.Undelivered, gateway.Refused, gateway.Failed, gateway.Withdrawn:
		return true
	}
	return false
}
