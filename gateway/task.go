package gateway

import (
	"encoding/base64"
	"errors"
	"strings"
	"time"
)

// TaskKind says what a person has to look at. It is a closed list: a metric
// label, a word in --json, and a sentence for reception. Its byte is what the
// store keeps; bytes are never reused.
type TaskKind byte

// The kinds of task. The zero value is no task.
const (
	NoTask          TaskKind = 0
	TaskMoved       TaskKind = 'm'
	TaskCancelled   TaskKind = 'c'
	TaskUnknown     TaskKind = 'u'
	TaskNeverLeft   TaskKind = 'n'
	TaskOptOut      TaskKind = 'o'
	TaskOtherWay    TaskKind = 'w'
	TaskLanguage    TaskKind = 'l'
	TaskOptIn       TaskKind = 'i'
	TaskWrongNumber TaskKind = 'x'
)

// TaskKinds lists every kind, for metrics that start at zero.
var TaskKinds = []TaskKind{TaskMoved, TaskCancelled, TaskUnknown, TaskNeverLeft, TaskOptOut, TaskOtherWay, TaskLanguage, TaskOptIn, TaskWrongNumber}

// String gives the label: lower case, underscores, empty for no task.
func (k TaskKind) String() string {
	switch k {
	case TaskMoved:
		return "moved_after_reminder"
	case TaskCancelled:
		return "cancelled_after_reminder"
	case TaskUnknown:
		return "unknown_outcome"
	case TaskNeverLeft:
		return "never_left"
	case TaskOptOut:
		return "record_opt_out"
	case TaskOtherWay:
		return "contact_other_way"
	case TaskLanguage:
		return "other_language"
	case TaskOptIn:
		return "asked_for_texts"
	case TaskWrongNumber:
		return "wrong_number"
	case NoTask:
	}
	return ""
}

// Words gives the sentence that reception reads, empty for no task.
func (k TaskKind) Words() string {
	switch k {
	case TaskMoved:
		return "the appointment was moved after the patient was texted the old time: ring"
	case TaskCancelled:
		return "the appointment was cancelled after the patient was texted about it: see that the patient knows"
	case TaskUnknown:
		return "nobody knows whether the patient got the reminder, and it is too late to text: ring, if it matters"
	case TaskNeverLeft:
		return "the text provider took the reminder and did not send it, since the practice's account did not work: ring, if the visit is still to come"
	case TaskOptOut:
		return "the patient's number said STOP to texts: see that the clinical system says so, too, for every patient who has it"
	case TaskOtherWay:
		return "the patient cannot be reached by text, as the clinical system says: remind them in the way that it names"
	case TaskLanguage:
		return "the reminder goes in a language that the patient may not read: see that the patient knows, and whether an interpreter is booked"
	case TaskOptIn:
		return "the patient's number said START, and the clinical system or a member of staff says no texts: ask the patient; nothing is sent until it is put right there"
	case TaskWrongNumber:
		return "whoever has the patient's number says that it is the wrong one, and may have read about the visit: ask the patient for the right number and put it into the clinical system; if the number is right after all, lift the opt-out"
	case NoTask:
	}
	return ""
}

// Ahead reports whether the task is about a visit to come rather than about a text:
// it is opened with the visit, goes when the visit does, and is not opened again for
// the same visit once it was closed.
func (k TaskKind) Ahead() bool { return k == TaskOtherWay || k == TaskLanguage }

// TaskID names one task for good: what happened, and the reminder whose text it
// is about. The same thing is never a task twice.
type TaskID struct {
	Kind TaskKind
	ReminderID
}

// Key gives the binary form without the practice: kind, then the reminder's key.
func (id TaskID) Key() []byte {
	k := id.ReminderID.Key()
	return append([]byte{byte(id.Kind)}, k[:]...)
}

// TaskFromKey is the inverse of Key.
func TaskFromKey(p ODS, k []byte) (TaskID, error) {
	if len(k) != KeySize+1 || TaskKind(k[0]).String() == "" {
		return TaskID{}, errors.New("task id: not one of ours")
	}
	r, err := ReminderFromKey(p, k[1:])
	return TaskID{TaskKind(k[0]), r}, err
}

// String gives the id as people copy it: "A81001.bQ…", with nothing of the
// patient in it.
func (id TaskID) String() string {
	return string(id.Practice) + "." + base64.RawURLEncoding.EncodeToString(id.Key())
}

// ParseTaskID is the inverse of String.
func ParseTaskID(s string) (TaskID, error) {
	bad := errors.New("task id: not one of ours; copy it from `bellman tasks`")
	practice, key, ok := strings.Cut(s, ".")
	if !ok || !ValidODS(practice) {
		return TaskID{}, bad
	}
	k, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil {
		return TaskID{}, bad
	}
	id, err := TaskFromKey(ODS(practice), k)
	if err != nil || id.String() != s { // the decoder passes over line breaks
		return TaskID{}, bad
	}
	return id, nil
}

// Task is something that only a person can put right.
type Task struct {
	ID     TaskID
	Opened time.Time
	Now    time.Time // with TaskMoved: the start that the appointment was moved to
	State  State     // where the reminder stood when the task was opened
	// Facts is what was known of the appointment when the task was opened, at the
	// start that the text named. The text can be worded again from it.
	Facts   Facts
	Damaged bool // Facts cannot be opened

	Closed time.Time // zero: it is open
	By     string    // who closed it
	Note   Text      // what they wrote
}

// Open reports whether nobody has closed the task yet.
func (t Task) Open() bool { return t.Closed.IsZero() }
