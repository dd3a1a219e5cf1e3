package main

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"bellman/configs"
	"bellman/gateway"
	"bellman/gateway/audit"
	"bellman/gateway/message"
)

// wordsInUse is what the audit trail calls a change of the texts' words.
const wordsInUse = "words in use"

// noteWords writes into the audit trail which words texts are sent in from now on,
// when they are others than before, so that years later it can be told what a text
// said. A trail that cannot be written to stops no text.
func noteWords(cfg *configs.Config, now time.Time, log *slog.Logger) {
	trail := audit.New(auditFile(cfg))
	all, err := trail.Verify()
	var ours []string
	for _, v := range message.Versions() {
		ours = append(ours, v.Name+" "+v.Version+" "+v.Digest)
	}
	words := strings.Join(ours, ", ")
	if err == nil && wordsAt(all, now) != words {
		err = trail.Append(audit.Entry{At: now, Who: "bellman", What: wordsInUse, Detail: words})
	}
	if err != nil {
		log.Warn("note which words texts are sent in", "error", err)
	}
}

// wordsAt gives the words that were in use at a time, "" when the trail does not say.
func wordsAt(trail []audit.Entry, t time.Time) string {
	for _, e := range slices.Backward(trail) {
		if e.What == wordsInUse && !e.At.After(t) {
			return e.Detail
		}
	}
	return ""
}

// nameWords says of every text of a story that was handed over in which words it was.
func nameWords(lines []storyLine, p gateway.Practice, trail []audit.Entry) {
	for i := range lines {
		l := &lines[i]
		if l.What != gateway.Accepted.String() {
			continue
		}
		for words := range strings.SplitSeq(wordsAt(trail, l.at), ", ") {
			if w := strings.Fields(words); len(w) == 3 && w[0] == p.Policy.Wording {
				l.Wording = w[0] + " " + w[1]
				l.words += ", in the words " + l.Wording
			}
		}
	}
}
