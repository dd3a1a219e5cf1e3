package emisextract

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"bellman/gateway"
)

// The values of Config.CutOff.
const (
	CutOffMidnight = "midnight" // the midnight that begins the day of the extract's stamp
	CutOffStamp    = "stamp"    // the stamp itself
)

// The values of Config.Continuity.
const (
	ContinuityEither = "either" // the ids or the days follow each other
	ContinuityIDs    = "ids"    // the processing ids follow each other
	ContinuityDays   = "days"   // no more than one day lies between two batches
)

// The values of Config.NoCode.
const (
	NoCodeMayText = "may_text" // a patient without a code may be texted (implied consent)
	NoCodeHold    = "hold"     // a patient without a code is not texted
)

// The values of Config.NoClinician.
const (
	NoClinicianSkip   = "skip"   // nobody is expected in a session without a clinician
	NoClinicianRemind = "remind" // it is a session like any other
)

// Config is the section of a practice whose diary comes as the EMIS Extract.
type Config struct {
	Dir string `yaml:"dir"` // the folder into which the nightly files are put
	// Bulk names the last full delivery, by the processing ids at the front of its
	// files' names: "291" or "291-300". The files themselves do not say it.
	Bulk string `yaml:"bulk"`
	// Agreement is the sharing agreement's GUID at the end of the files' names;
	// needed where the folder holds the files of several.
	Agreement string `yaml:"agreement"`
	// Organisation is the practice's OrganisationGuid; empty: the one whose ODSCode
	// is the practice's in Admin_Organisation.
	Organisation string `yaml:"organisation"`

	Key        gateway.Secret `yaml:"key"`        // armored OpenPGP private key; empty: the files come decrypted
	Passphrase gateway.Secret `yaml:"passphrase"` // of Key
	Signer     string         `yaml:"signer"`     // armored public key that must have signed every file; empty: anybody

	CutOff     string   `yaml:"cut_off"`    // as of when an extract is true; empty: midnight
	Continuity string   `yaml:"continuity"` // how a missing batch shows; empty: either
	KnownGaps  []string `yaml:"known_gaps"` // ids of batches before which a gap is known to mean nothing

	Declined  []string `yaml:"declined"`  // codes, SNOMED CT or Read, that say no to texts; empty: see codes.go
	Consented []string `yaml:"consented"` // codes that say yes again; empty: see codes.go
	NoCode    string   `yaml:"no_code"`   // empty: may_text

	NoClinician string `yaml:"no_clinician"` // empty: skip
	// Modes says how patient and clinician meet in sessions of a type, category or
	// description: in_person, telephone, video, home_visit or unknown. It goes before
	// the plain words (package meeting) of type and category.
	Modes map[string]string `yaml:"modes"`
	// Without lists tables that the agreement does not include: what they would say
	// is then not known.
	Without []string `yaml:"without"`
}

// dispensable are the tables that an agreement may lack.
var dispensable = []table{tableOrganisations, tableAgreements, tableCodes, tableObservations}

var (
	idsPattern  = regexp.MustCompile(`^([0-9]{1,9})(?:-([0-9]{1,9}))?$`)
	guidPattern = regexp.MustCompile(`^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
	codePattern = regexp.MustCompile(`^[0-9A-Za-z.]{4,18}$`)
)

var modeNames = map[string]gateway.Mode{
	"unknown": gateway.ModeUnknown, "in_person": gateway.ModeInPerson, "telephone": gateway.ModeTelephone, "video": gateway.ModeVideo, "home_visit": gateway.ModeHomeVisit,
}

// Check gives every mistake in the section, with paths relative to it. A trial
// changes nothing here: folders are local anyway.
func (c Config) Check(bool) []gateway.Fault {
	var faults []gateway.Fault
	add := func(path, problem string) { faults = append(faults, gateway.Fault{Path: path, Problem: problem}) }
	oneOf := func(path, value string, words ...string) {
		if value != "" && !slices.Contains(words, value) {
			add(path, "must be one of "+strings.Join(words, ", "))
		}
	}
	if c.Dir == "" {
		add("dir", "is missing: the folder into which the nightly files are put")
	}
	if !idsPattern.MatchString(c.Bulk) {
		add("bulk", "must be the processing ids of the last full delivery, such as 291: the number at the front of its files' names")
	}
	for path, guid := range map[string]string{"agreement": c.Agreement, "organisation": c.Organisation} {
		if guid != "" && !guidPattern.MatchString(guid) {
			add(path, "must be a GUID such as 45e7cd20-ee37-41ab-90d6-dc9d4b03d102")
		}
	}
	if c.Key.IsZero() && (!c.Passphrase.IsZero() || c.Signer != "") {
		add("key", "is missing: passphrase and signer are for encrypted files only")
	}
	oneOf("cut_off", c.CutOff, CutOffMidnight, CutOffStamp)
	oneOf("continuity", c.Continuity, ContinuityEither, ContinuityIDs, ContinuityDays)
	oneOf("no_code", c.NoCode, NoCodeMayText, NoCodeHold)
	oneOf("no_clinician", c.NoClinician, NoClinicianSkip, NoClinicianRemind)
	for i, ids := range c.KnownGaps {
		if !idsPattern.MatchString(ids) {
			add(fmt.Sprintf("known_gaps[%d]", i), "must be the processing ids of a batch, such as 295")
		}
	}
	faults = append(faults, c.checkCodes()...)
	for _, word := range slices.Sorted(maps.Keys(c.Modes)) {
		if _, ok := modeNames[c.Modes[word]]; !ok {
			add("modes."+word, "must be in_person, telephone, video, home_visit or unknown")
		}
	}
	faults = append(faults, c.checkWithout()...)
	slices.SortStableFunc(faults, func(a, b gateway.Fault) int { return strings.Compare(a.Path, b.Path) })
	return faults
}

func (c Config) checkCodes() []gateway.Fault {
	var faults []gateway.Fault
	for path, list := range map[string][]string{"declined": c.Declined, "consented": c.Consented} {
		for i, code := range list {
			if !codePattern.MatchString(code) {
				faults = append(faults, gateway.Fault{Path: fmt.Sprintf("%s[%d]", path, i), Problem: "must be a SNOMED CT concept id or a Read code"})
			}
			if path == "consented" && slices.Contains(c.declined(), code) {
				faults = append(faults, gateway.Fault{Path: fmt.Sprintf("%s[%d]", path, i), Problem: "stands in declined, too: a code says one thing"})
			}
		}
	}
	return faults
}

func (c Config) checkWithout() []gateway.Fault {
	var faults []gateway.Fault
	for i, name := range c.Without {
		if !slices.Contains(dispensable, table(name)) {
			faults = append(faults, gateway.Fault{Path: fmt.Sprintf("without[%d]", i), Problem: "names a table without which nobody can be texted; these may be missing: " + fmt.Sprint(dispensable)})
		}
	}
	if c.lacks(tableCodes) != c.lacks(tableObservations) {
		faults = append(faults, gateway.Fault{Path: "without", Problem: "names one of Coding_ClinicalCode and CareRecord_Observation: each says nothing without the other"})
	}
	if c.lacks(tableOrganisations) && c.Organisation == "" {
		faults = append(faults, gateway.Fault{Path: "organisation", Problem: "is missing: without Admin_Organisation nothing else says which organisation is the practice"})
	}
	return faults
}

// lacks reports whether the agreement does not include a table.
func (c Config) lacks(t table) bool { return slices.Contains(c.Without, string(t)) }

// tables lists the tables that every batch must hold, in the order in which they
// are read in.
func (c Config) tables() []table {
	return slices.DeleteFunc(slices.Clone(tables), c.lacks)
}
