package files

import (
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"bellman/gateway"
)

// Config is the section of a practice whose diary arrives as files.
type Config struct {
	Dir     string  `yaml:"dir"`     // the folder into which exports are dropped
	Pattern string  `yaml:"pattern"` // which files are exports; empty: *.csv, of calendars *.ics
	Columns Columns `yaml:"columns"`
	// DateFormat is how dates are written, one of DateFormats. The order of day
	// and month is never guessed.
	DateFormat string `yaml:"date_format"`
	Zone       string `yaml:"zone"` // of the wall times: Europe/London (empty) or UTC
	// Statuses says what the words of the status column mean: booked, cancelled,
	// arrived, finished, missed, not_booked. It adds to the built-in words and
	// goes before them. A word that neither knows is unclear, and nothing is sent.
	Statuses map[string]string `yaml:"statuses"`
	// Permissions says what the words of the permission column mean: yes, the
	// patient may be texted, or no.
	Permissions map[string]string `yaml:"permissions"`
	// Formats says what the words of the format column mean: text, interpreter,
	// large_print, braille, audio, minicom, no_phone, somebody_else.
	Formats map[string]string `yaml:"formats"`
	// Complete: every file holds all visits that start within Window days of its
	// being made, so that a missing visit is one that is no longer booked.
	Complete bool `yaml:"complete"`
	Window   int  `yaml:"window"` // days; needed with Complete
	// OpenEnd: this exporter never puts a line end behind its last line. Otherwise
	// a last line without one counts as cut, and its file as incomplete.
	OpenEnd bool `yaml:"open_end"`
	// Sheet is the name of the sheet that is the diary; empty: the only one that has
	// all headings and is not hidden.
	Sheet string `yaml:"sheet"`
	// HiddenRows says what hidden rows of a spreadsheet are: unclear (empty), so that
	// nobody is texted for them, or read, as if they were not hidden.
	HiddenRows string `yaml:"hidden_rows"`
	// Archive and Quarantine are folders on the same disk as Dir into which older
	// exports, and those that cannot be read, are put while serving; empty: they stay
	// where they are. Keep is after how many days what lies there is removed; 0: 30.
	Archive    string `yaml:"archive_dir"`
	Quarantine string `yaml:"quarantine_dir"`
	Keep       int    `yaml:"keep"`
	// Calendar makes the diary a calendar, and Patients the list of patients to whom
	// its events are joined. Both or neither are given.
	Calendar *Calendar `yaml:"calendar"`
	Patients *Patients `yaml:"patients"`
}

// The values of Config.HiddenRows.
const (
	hiddenUnclear = "unclear"
	hiddenRead    = "read"
)

// Columns says under which heading each of our fields stands. An empty heading
// means that the export does not have it. Mobile is needed, and either DateTime
// or both Date and Time.
type Columns struct {
	ID         string `yaml:"id"`
	PatientID  string `yaml:"patient_id"`
	GivenName  string `yaml:"given_name"`
	NHSNumber  string `yaml:"nhs_number"`
	Mobile     string `yaml:"mobile"`
	Date       string `yaml:"date"`
	Time       string `yaml:"time"`
	DateTime   string `yaml:"datetime"`
	Status     string `yaml:"status"`
	Site       string `yaml:"site"`
	Mode       string `yaml:"mode"`
	Permission string `yaml:"permission"`
	Deceased   string `yaml:"deceased"`
	Left       string `yaml:"left"`
	// What says whom not to text: see docs/who.md.
	DateOfBirth string `yaml:"date_of_birth"`
	Clinic      string `yaml:"clinic"` // or type of slot, or service
	Language    string `yaml:"language"`
	Format      string `yaml:"format"` // braille, large print, no telephone contact ...
	Unsafe      string `yaml:"unsafe"` // yes: it is not safe to contact the patient
}

// longestWindow bounds Config.Window, in days: no clinic books further ahead in
// a file that somebody makes by hand.
const longestWindow = 366

// Check gives every mistake in the section, with paths relative to it. In a trial
// a calendar may come from this machine and over plain http.
func (c Config) Check(trial bool) []gateway.Fault {
	var faults []gateway.Fault
	add := func(path, problem string) { faults = append(faults, gateway.Fault{Path: path, Problem: problem}) }
	if c.Dir == "" && (c.Calendar == nil || c.Calendar.URL.IsZero()) {
		add("dir", "is missing: the folder into which exports are dropped")
	}
	if _, err := path.Match(c.pattern(), "x"); err != nil || strings.ContainsAny(c.Pattern, `/\`) {
		add("pattern", "is not a file pattern such as *.csv")
	}
	if c.needsDates() && !slices.Contains(DateFormats, c.DateFormat) {
		add("date_format", "must be one of "+strings.Join(DateFormats, ", "))
	}
	if c.Zone != "" && c.Zone != "Europe/London" && c.Zone != "UTC" {
		add("zone", "must be Europe/London or UTC")
	}
	if c.Complete && c.Window == 0 {
		add("window", "is missing: with complete, for how many days ahead a file holds every visit")
	} else if c.Window < 0 || c.Window > longestWindow {
		add("window", fmt.Sprintf("must be 1 to %d days", longestWindow))
	}
	if c.HiddenRows != "" && c.HiddenRows != hiddenUnclear && c.HiddenRows != hiddenRead {
		add("hidden_rows", "must be unclear or read")
	}
	faults = append(faults, c.checkFolders()...)
	if c.Calendar == nil && c.Patients == nil {
		faults = append(faults, c.Columns.check()...)
	} else {
		faults = append(faults, c.checkCalendar(trial)...)
	}
	return append(faults, c.checkWords()...)
}

// checkFolders checks what is said of putting away.
func (c Config) checkFolders() []gateway.Fault {
	var faults []gateway.Fault
	add := func(wrong bool, path, problem string) {
		if wrong {
			faults = append(faults, gateway.Fault{Path: path, Problem: problem})
		}
	}
	for _, f := range []struct{ path, dir string }{{"archive_dir", c.Archive}, {"quarantine_dir", c.Quarantine}} {
		add(f.dir != "" && c.Dir == "", f.path, "needs dir: there is nothing to put away")
		add(f.dir != "" && c.Dir != "" && filepath.Clean(f.dir) == filepath.Clean(c.Dir), f.path, "must be another folder than dir")
	}
	add(c.Archive != "" && c.Quarantine != "" && filepath.Clean(c.Archive) == filepath.Clean(c.Quarantine), "quarantine_dir", "must be another folder than archive_dir")
	add(c.Keep != 0 && c.Archive == "" && c.Quarantine == "", "keep", "is only for archive_dir and quarantine_dir: remove it")
	add(c.Keep < 0 || c.Keep > longestKeep, "keep", fmt.Sprintf("must be 1 to %d days", longestKeep))
	return faults
}

// needsDates reports whether tables with dates are read. A calendar has its own.
func (c Config) needsDates() bool {
	if c.Patients == nil {
		return c.Calendar == nil
	}
	return c.Patients.Columns.Deceased != "" || c.Patients.Columns.Left != "" || c.Patients.Columns.DateOfBirth != ""
}

func (c Config) checkWords() []gateway.Fault {
	var faults []gateway.Fault
	add := func(path, problem string) { faults = append(faults, gateway.Fault{Path: path, Problem: problem}) }
	for _, word := range slices.Sorted(maps.Keys(c.Statuses)) {
		if _, ok := statusNames[c.Statuses[word]]; !ok {
			add("statuses."+word, "must be booked, cancelled, arrived, finished, missed or not_booked")
		}
	}
	for _, word := range slices.Sorted(maps.Keys(c.Permissions)) {
		if _, ok := permissionNames[c.Permissions[word]]; !ok {
			add("permissions."+word, "must be yes or no")
		}
	}
	for _, word := range slices.Sorted(maps.Keys(c.Formats)) {
		if _, ok := formatNames[c.Formats[word]]; !ok {
			add("formats."+word, "must be text, interpreter, large_print, braille, audio, minicom, no_phone or somebody_else")
		}
	}
	born := c.Columns.DateOfBirth != "" || c.Patients != nil && c.Patients.Columns.DateOfBirth != ""
	if born && !strings.Contains(c.DateFormat, "YYYY") {
		add("date_format", "must have a year of four digits with a date of birth: of two the century is not known")
	}
	return faults
}

func (c Columns) check() []gateway.Fault {
	var faults []gateway.Fault
	add := func(path, problem string) { faults = append(faults, gateway.Fault{Path: path, Problem: problem}) }
	if c.Mobile == "" {
		add("columns.mobile", "is missing: the heading of the column with mobile numbers")
	}
	switch apart := c.Date != "" || c.Time != ""; {
	case c.DateTime == "" && !apart:
		add("columns.datetime", "is missing: the heading of the column with date and time, or date and time for two columns")
	case c.DateTime != "" && apart:
		add("columns.datetime", "cannot stand beside date and time: keep the one that the export has")
	case apart && (c.Date == "" || c.Time == ""):
		add("columns.date", "and columns.time are both needed; a column that holds both is columns.datetime")
	case apart && heading(c.Date) == heading(c.Time):
		add("columns.date", "and columns.time name one column: use columns.datetime")
	}
	return faults
}

func (c Config) pattern() string {
	switch {
	case c.Pattern != "":
		return c.Pattern
	case c.Calendar != nil:
		return "*.ics"
	}
	return "*.csv"
}
