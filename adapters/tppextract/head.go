package tppextract

import (
	"encoding/json"
	"errors"
	"time"
)

// The keys on the shelf: one thing a row, under its table's prefix and its
// RowIdentifier, because a row that went tells nothing else of itself.
const (
	headKey          = "head"
	prefixVisit      = "a/"
	prefixPatient    = "p/"
	prefixContact    = "c/"
	prefixConsent    = "s/"
	prefixStay       = "r/" // registrations
	prefixRecord     = "o/" // record statuses
	prefixTerms      = "m/"
	prefixUnreadable = "u/"
)

// headVersion is the form in which things are kept. Another form is not read: the
// folder's last full extract is taken in again.
const headVersion = 1

// head says how far the extracts have been taken in.
type head struct {
	Version      int    `json:"v"`
	Organisation string `json:"org"`
	// Serial counts the attempts to take an extract in. Every row carries the one by
	// which it was last said.
	Serial int64 `json:"n"`
	// Loading is the directory that is being taken in, or was when the process ended:
	// until all of it is kept, the shelf tells neither the old state nor the new.
	Loading string `json:"loading,omitempty"`
	Done    string `json:"done,omitempty"` // the directory last taken in
	To      string `json:"to,omitempty"`   // until when it spoke, as its manifest writes it
	AsOf    int64  `json:"asof,omitempty"` // until when appointments are known, Unix time
	Horizon int64  `json:"horizon"`        // visits before it are not kept
	// Since is, by table, the attempt by which everything was said last: rows with
	// less are gone.
	Since map[string]int64 `json:"since"`
	// Had holds the tables of which there was ever a row of this practice.
	Had map[string]bool `json:"had"`
}

// decodeHead reads a head. It reports false when there is none that counts for
// this practice: then all begins with a full extract.
func decodeHead(b []byte, organisation string) (head, bool, error) {
	h := head{Version: headVersion, Organisation: organisation, Since: map[string]int64{}, Had: map[string]bool{}}
	if b == nil {
		return h, false, nil
	}
	var kept head
	if err := json.Unmarshal(b, &kept); err != nil {
		return h, false, errors.New("what is kept of the extracts is damaged: see `bellman feed forget --help`")
	}
	if kept.Version != headVersion || kept.Organisation != organisation {
		h.Serial = kept.Serial
		return h, false, nil
	}
	if kept.Since == nil {
		kept.Since = map[string]int64{}
	}
	if kept.Had == nil {
		kept.Had = map[string]bool{}
	}
	return kept, kept.Done != "", nil
}

func (h head) encode() []byte {
	b, _ := json.Marshal(h) // plain fields only
	return b
}

// lives reports whether a row of a table that was said by an attempt still stands.
func (h head) lives(table string, serial int64) bool { return serial >= h.Since[table] }

// asOf gives until when the appointments are known.
func (h head) asOf() time.Time { return time.Unix(h.AsOf, 0).UTC() }
