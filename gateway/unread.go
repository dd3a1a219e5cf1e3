package gateway

import (
	"errors"
	"strings"
	"time"
)

// ReplyID names one reply: the practice, and the provider's id of the message.
type ReplyID struct {
	Practice  ODS
	MessageID string
}

// String gives the id as people copy it: "A81001.SM2f…", with nothing of the
// patient in it.
func (id ReplyID) String() string { return string(id.Practice) + "." + id.MessageID }

// ParseReplyID is the inverse of String. Letters and digits, at most 64, are what a
// provider's message id is made of.
func ParseReplyID(s string) (ReplyID, error) {
	practice, message, _ := strings.Cut(s, ".")
	odd := strings.ContainsFunc(message, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
	if !ValidODS(practice) || message == "" || len(message) > 64 || odd {
		return ReplyID{}, errors.New("reply id: not one of ours; copy it from `bellman replies`")
	}
	return ReplyID{ODS(practice), message}, nil
}

// Unread is what waits for a person in one practice's inbox.
type Unread struct {
	Replies int
	Oldest  time.Time // when the one that waits longest was written; zero: none waits
}

// Age gives how long the oldest reply has waited at a moment: altogether, and of
// that within the practice's hours. Both are 0 when none waits.
func (u Unread) Age(p Practice, now time.Time) (whole, inHours time.Duration) {
	if u.Replies == 0 || !u.Oldest.Before(now) {
		return 0, 0
	}
	return now.Sub(u.Oldest), p.Policy.Hours.Elapsed(Span{From: u.Oldest, To: now}, p.Nation)
}
