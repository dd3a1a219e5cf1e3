package emisextract

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"bellman/gateway"
)

// What stands on the shelf: one head, and under the prefix of a full delivery one
// thing for each patient, session, slot and consent. A new full delivery is kept
// under a prefix of its own, so that the old one stays whole until it is done.
const (
	headKey      = "emis-extract"
	keyPatient   = "p/"
	keySession   = "n/"
	keySlot      = "s/"
	keyConsent   = "c/"
	prefixLayout = "emis-extract/%s-%s/"
)

// prefix gives what stands in front of all keys of a full delivery.
func (b batchID) prefix() string { return fmt.Sprintf(prefixLayout, b.IDs, b.Stamp) }

// progress is the head: how far the extract is kept.
type progress struct {
	Bulk  batchID  `json:"bulk"`  // the full delivery that the state began with
	Done  batchID  `json:"done"`  // the last batch that is kept as a whole
	Torn  bool     `json:"torn"`  // some rows of Doing are kept already, and not all
	Facts facts    `json:"facts"` // as of Done
	Doing *doing   `json:"doing"` // the batch that is being read in
	Old   []string `json:"old"`   // prefixes that are not needed any more
}

// facts is what is known of the extract as a whole.
type facts struct {
	Lists        string          `json:"lists"`  // the choice of codes when the state began
	Organisation string          `json:"org"`    // the practice's OrganisationGuid
	Codes        map[string]bool `json:"codes"`  // EMIS' ids of codes about texts: says no
	Stopped      string          `json:"stop"`   // why EMIS does not share the practice's data any more
	Unsure       int             `json:"unsure"` // rows that may say no, and of what cannot be told
	Unread       int             `json:"unread"` // rows that could not be read, in all
	Places       []place         `json:"places"` // where the first of them stood
}

func (f facts) clone() facts {
	f.Codes, f.Places = maps.Clone(f.Codes), slices.Clone(f.Places)
	return f
}

// doing is how far one batch has come.
type doing struct {
	Batch   batchID          `json:"batch"`
	Full    bool             `json:"full"`    // it begins a new state
	Checked map[table]string `json:"checked"` // files that were read to their end once, by size and time
	Kept    map[table]bool   `json:"kept"`    // tables whose rows are kept
	Facts   facts            `json:"facts"`
}

// begun reports whether there is a state at all.
func (p progress) begun() bool { return p.Done.Stamp != "" }

// place is where something could not be read.
type place struct {
	Where string `json:"where"`
	Why   string `json:"why"`
}

// mostPlaces bounds how many places are remembered and shown.
const mostPlaces = 100

// person is one patient as kept. Other dates stand as in the extract.
type person struct {
	Name        string       `json:"name,omitempty"`
	NHS         string       `json:"nhs,omitempty"`
	Mobile      string       `json:"mobile,omitempty"` // as it stood in the field
	Died        string       `json:"died,omitempty"`
	Born        string       `json:"born,omitempty"` // as gateway/born keeps it
	Deactivated string       `json:"left,omitempty"`
	Restricted  gateway.Flag `json:"restricted,omitempty"`
	Dummy       bool         `json:"dummy,omitempty"`
	Gone        bool         `json:"gone,omitempty"`    // the row was deleted
	Unclear     bool         `json:"unclear,omitempty"` // the last row about the patient could not be read
}

// session is one clinic as kept.
type session struct {
	Site    string   `json:"site,omitempty"`
	Words   []string `json:"words,omitempty"` // its type, category and description
	Users   []string `json:"users,omitempty"`
	Gone    bool     `json:"gone,omitempty"`
	Unclear bool     `json:"unclear,omitempty"`
	Until   string   `json:"until,omitempty"` // its last day
}

// slot is one slot as kept: who is booked into it, and who was.
type slot struct {
	visit
	Session string         `json:"session,omitempty"`
	Status  gateway.Status `json:"status,omitempty"`
	Off     []visit        `json:"off,omitempty"`   // visits that were called off, the latest last
	Bad     *place         `json:"bad,omitempty"`   // why the last row about the slot could not be read
	Until   string         `json:"until,omitempty"` // the last day of all that it holds
}

// visit is one patient at one time, as the extract writes it.
type visit struct {
	Patient string `json:"who,omitempty"`
	Day     string `json:"day,omitempty"`  // yyyy-MM-dd
	Time    string `json:"time,omitempty"` // HH:mm:ss
}

// mostOff bounds how many called-off visits of one slot are remembered.
const mostOff = 8

// consent is one coded entry about texts.
type consent struct {
	Patient string `json:"who"`
	No      bool   `json:"no,omitempty"`
	Unclear bool   `json:"unclear,omitempty"` // the row could not be read as far as its code
	At      string `json:"at"`                // when it was true, then when it was entered, to be compared
}

var errDamaged = errors.New("something that is remembered of the extract is damaged: see `bellman feed forget --help`")

// edit makes a change to one kept thing of a function on what it holds, which
// reports whether the thing is kept at all.
func edit[T any](change func(old *T, was bool) (keep bool)) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) {
		var v T
		if b != nil {
			if err := json.Unmarshal(b, &v); err != nil {
				return nil, errDamaged
			}
		}
		if !change(&v, b != nil) {
			return nil, nil
		}
		return json.Marshal(v)
	}
}

// today gives the London day of a moment as the extract writes days.
func today(now time.Time) string { return now.In(gateway.London()).Format(time.DateOnly) }
