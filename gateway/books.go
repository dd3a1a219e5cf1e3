package gateway

import "time"

// The words in which a practice's books are balanced: what Redis holds of its
// reminders is compared with itself, and what does not add up is named, mended
// where that is safe, and otherwise held.

// Balancing asks for one practice's books to be balanced.
type Balancing struct {
	Practice ODS
	Now      time.Time
	// SendAt gives when the reminder of a rule is to leave, by the practice's
	// present policy; nil: at the rule's own moment.
	SendAt func(h Head, r Rule) time.Time
	// Mend puts right what can be put right. Without it nothing is changed, and
	// every finding is open.
	Mend bool
	// Read says that a complete read of the diary was carried out just now: what is
	// still damaged after it is in no diary any more, and is forgotten.
	Read bool
}

// Books is what balancing found.
type Books struct {
	Owed     map[State]int // reminders of appointments still to come, by where they stand
	Findings []Finding
	Earliest time.Time // when something that was put back into the queue is due; zero: nothing was
}

// Unexplained is how many findings are neither mended nor waiting for the
// provider's list: those that a person must look at.
func (b Books) Unexplained() int {
	n := 0
	for _, f := range b.Findings {
		if f.Remedy == Open {
			n++
		}
	}
	return n
}

// Finding is one thing in the books that did not add up, and what became of it.
type Finding struct {
	Practice ODS
	Reminder ReminderID // zero when it is about a whole appointment, or a whole key
	Ref      Ref        // of the appointment; zero when it is about a whole key
	Place    string     // the letter of the practice's key, or the name of the shard's
	Flaw     Flaw
	Remedy   Remedy
}

// Name says in our own ids what a finding is about, with nothing of the patient.
func (f Finding) Name() string {
	switch {
	case f.Reminder.Practice != "":
		return f.Reminder.String()
	case f.Ref != Ref{}:
		return string(f.Practice) + "." + f.Ref.String()
	}
	return string(f.Practice) + " key " + f.Place
}

// Flaw says what did not add up.
type Flaw string

// The flaws.
const (
	DueLost         Flaw = "due_lost"         // it waits, and is in no queue
	LeaseLost       Flaw = "lease_lost"       // it is being worked on, and nobody would take it up
	EntryLost       Flaw = "entry_lost"       // where it stood is gone
	EntryDamaged    Flaw = "entry_damaged"    // where it stood cannot be read
	EntryDisputed   Flaw = "entry_disputed"   // where it stands contradicts what else is known of it
	RecordLost      Flaw = "record_lost"      // a reminder waits for an appointment that is not known
	RecordDamaged   Flaw = "record_damaged"   // what is kept of an appointment cannot be opened
	StoryDamaged    Flaw = "story_damaged"    // an appointment's story breaks off
	KeyDamaged      Flaw = "key_damaged"      // a whole key is of another kind than it must be
	SealingKeyLost  Flaw = "sealing_key_lost" // what opens the practice's records is gone from Redis
	OptOutsLost     Flaw = "optouts_lost"     // the practice's opt-outs are gone from Redis
	CountsDifferent Flaw = "counts_different" // the counters say something else than the data
)

// Words says a flaw in a sentence for IT.
func (f Flaw) Words() string {
	switch f {
	case DueLost:
		return "it waits, and was in no queue"
	case LeaseLost:
		return "it was being worked on, and nobody would have taken it up"
	case EntryLost:
		return "where it stood is gone"
	case EntryDamaged:
		return "where it stood cannot be read"
	case EntryDisputed:
		return "where it stands contradicts its story"
	case RecordLost:
		return "its appointment is not known any more"
	case RecordDamaged:
		return "its appointment's record cannot be opened"
	case StoryDamaged:
		return "its story broke off"
	case KeyDamaged:
		return "a whole key is of the wrong kind"
	case SealingKeyLost:
		return "the practice's sealing keys are gone from Redis"
	case OptOutsLost:
		return "the practice's opt-outs are gone from Redis"
	case CountsDifferent:
		return "the counters differed from the data"
	}
	return "not known"
}

// Remedy says what became of a finding.
type Remedy string

// The remedies.
const (
	Open      Remedy = "open"      // nothing yet: a person must look, or the next read writes it anew
	Restored  Remedy = "restored"  // it is again as it was
	Settling  Remedy = "settling"  // it is Unknown now; the provider's list says whether it went
	Withheld  Remedy = "withheld"  // it is withdrawn, with its reason
	Forgotten Remedy = "forgotten" // no complete read shows it, and nothing is owed for it
)

// Words says a remedy in a sentence for IT.
func (r Remedy) Words() string {
	switch r {
	case Open:
		return "not mended"
	case Restored:
		return "put right"
	case Settling:
		return "held until the provider's list says whether it went"
	case Withheld:
		return "withdrawn"
	case Forgotten:
		return "forgotten: the diary does not show it"
	}
	return "not known"
}
