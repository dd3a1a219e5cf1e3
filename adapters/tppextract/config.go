package tppextract

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"bellman/gateway"
)

// Config is the section of a practice whose diary arrives as a nightly TPP
// Strategic Reporting Extract.
type Config struct {
	Dir string `yaml:"dir"` // the folder with the directories yyyyMMdd_HHmm
	// Organisation is the practice's code in the columns IDOrganisation and
	// IDOrganisationVisibleTo; empty: the practice's own ODS code.
	Organisation string `yaml:"organisation"`
	// RotaTypes says what stands in RotaType for how patient and clinician meet:
	// in_person, telephone, video, home_visit; or none: not a patient's visit.
	RotaTypes map[string]string `yaml:"rota_types"`
	// Statuses says what terms of SRMapping mean as a status: booked, cancelled,
	// arrived, finished, missed, not_booked. It adds to the built-in beginnings of
	// terms and goes before them.
	Statuses map[string]string `yaml:"statuses"`
	// Consents says what values of SmsConsent mean beyond yes, no, 1, 0, y, n, true
	// and false: yes, the patient may be texted, or no.
	Consents map[string]string `yaml:"consents"`
	// RecordStatuses says what terms of MedicalRecordStatus mean: open or restricted.
	// Empty: SRRecordStatus is not read.
	RecordStatuses map[string]string `yaml:"record_statuses"`
	// Without lists tables that this practice's agreement does not include. What
	// they would say is then not known.
	Without []string `yaml:"without"`
}

// dispensable are the tables that an agreement may lack.
var dispensable = []string{tableConsents, tableRegistrations}

var organisationCode = regexp.MustCompile(`^[A-Za-z0-9]{3,12}$`)

var modeWords = map[string]gateway.Mode{
	"in_person": gateway.ModeInPerson, "telephone": gateway.ModeTelephone, "video": gateway.ModeVideo,
	"home_visit": gateway.ModeHomeVisit, notAVisit: gateway.ModeUnknown,
}

// notAVisit is said of a type of rota in which nobody is expected.
const notAVisit = "none"

var statusWords = map[string]gateway.Status{
	"booked": gateway.StatusBooked, "cancelled": gateway.StatusCancelled, "arrived": gateway.StatusArrived,
	"finished": gateway.StatusFinished, "missed": gateway.StatusMissed, "not_booked": gateway.StatusNotBooked,
}

// Whether a patient may be texted, and whether a record is open, in the words of
// the section.
const (
	wordYes, wordNo          = "yes", "no"
	wordOpen, wordRestricted = "open", "restricted"
)

// Check gives every mistake in the section, with paths relative to it. A trial
// changes nothing here: folders are local anyway.
func (c Config) Check(bool) []gateway.Fault {
	var faults []gateway.Fault
	add := func(path, problem string) { faults = append(faults, gateway.Fault{Path: path, Problem: problem}) }
	if c.Dir == "" {
		add("dir", "is missing: the folder into which the extracts are put, one directory yyyyMMdd_HHmm each")
	}
	if c.Organisation != "" && !organisationCode.MatchString(c.Organisation) {
		add("organisation", "must be an ODS code such as A81001, as it stands in the column IDOrganisation")
	}
	tables := []struct {
		path    string
		entries map[string]string
		known   []string
	}{
		{"rota_types", c.RotaTypes, slices.Sorted(maps.Keys(modeWords))},
		{"statuses", c.Statuses, slices.Sorted(maps.Keys(statusWords))},
		{"consents", c.Consents, []string{wordYes, wordNo}},
		{"record_statuses", c.RecordStatuses, []string{wordOpen, wordRestricted}},
	}
	for _, t := range tables {
		seen := map[string]bool{}
		for _, key := range slices.Sorted(maps.Keys(t.entries)) {
			if !slices.Contains(t.known, t.entries[key]) {
				add(t.path+"."+key, "must be one of "+strings.Join(t.known, ", "))
			}
			if seen[folded(key)] {
				add(t.path+"."+key, "stands twice: capitals and spaces around it do not matter")
			}
			seen[folded(key)] = true
		}
	}
	for i, name := range c.Without {
		if !slices.Contains(dispensable, name) {
			add(fmt.Sprintf("without[%d]", i), "must be one of "+strings.Join(dispensable, ", "))
		}
	}
	return faults
}

// folded is how words of the configuration and of the extract are compared.
func folded(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// byFolded makes a table of the section ready for comparing.
func byFolded[V any](entries map[string]string, meaning func(string) V) map[string]V {
	out := make(map[string]V, len(entries))
	for k, v := range entries {
		out[folded(k)] = meaning(v)
	}
	return out
}
