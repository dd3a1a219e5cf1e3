package files

import (
	"cmp"
	"fmt"
	"regexp"

	"bellman/gateway"
)

// Calendar says where a calendar comes from and how its events name patients.
type Calendar struct {
	// URL is the address of a published calendar: http(s) or webcal. Whoever knows it
	// reads the diary, so that it is a secret. Empty: calendars are files in dir.
	URL gateway.Secret `yaml:"url"`
	// By is what an event and the patient list have in common: name or code.
	By string `yaml:"by"`
	// In is where in the event it stands: title (empty), description, location or
	// categories.
	In string `yaml:"in"`
	// Pattern takes it out of a longer text: a regular expression (RE2) with one
	// group. Empty: names are the whole text; codes stand anywhere in it as a word.
	Pattern string `yaml:"pattern"`
	// Clinic is where in the event the clinic or kind of visit stands, as In says where
	// the patient does, and in another place than that. Empty: nobody says.
	Clinic string `yaml:"clinic"`
	// NotVisits are titles that are nobody's visit, such as Lunch; a * at the end
	// stands for anything.
	NotVisits []string `yaml:"not_visits"`
}

// Patients is the list of a practice's patients: CSV or a spreadsheet.
type Patients struct {
	File    string         `yaml:"file"`
	MaxAge  int            `yaml:"max_age"` // days after which nobody is texted by it; 0: 3
	Columns PatientColumns `yaml:"columns"`
}

// PatientColumns says under which heading of the patient list each field stands.
// PatientID and Mobile are needed, and what Calendar.By asks for: Code, or FullName,
// or both GivenName and FamilyName.
type PatientColumns struct {
	PatientID  string `yaml:"patient_id"`
	Code       string `yaml:"code"`
	FullName   string `yaml:"full_name"`
	GivenName  string `yaml:"given_name"`
	FamilyName string `yaml:"family_name"`
	NHSNumber  string `yaml:"nhs_number"`
	Mobile     string `yaml:"mobile"`
	Permission string `yaml:"permission"`
	Deceased   string `yaml:"deceased"`
	Left       string `yaml:"left"`
	// What says whom not to text: see docs/who.md.
	DateOfBirth string `yaml:"date_of_birth"`
	Language    string `yaml:"language"`
	Format      string `yaml:"format"` // braille, large print, no telephone contact ...
	Unsafe      string `yaml:"unsafe"` // yes: it is not safe to contact the patient
}

func (c PatientColumns) mapped() mapping {
	return given(mapping{
		{fieldPatientID, "patient_id", c.PatientID},
		{fieldCode, "code", c.Code},
		{fieldFullName, "full_name", c.FullName},
		{fieldGivenName, "given_name", c.GivenName},
		{fieldFamilyName, "family_name", c.FamilyName},
		{fieldNHSNumber, "nhs_number", c.NHSNumber},
		{fieldMobile, "mobile", c.Mobile},
		{fieldPermission, "permission", c.Permission},
		{fieldDeceased, "deceased", c.Deceased},
		{fieldLeft, "left", c.Left},
		{fieldBorn, "date_of_birth", c.DateOfBirth},
		{fieldLanguage, "language", c.Language},
		{fieldFormat, "format", c.Format},
		{fieldUnsafe, "unsafe", c.Unsafe},
	})
}

// The values of Calendar.By and Calendar.In.
const (
	byName = "name"
	byCode = "code"

	inTitle       = "title"
	inDescription = "description"
	inLocation    = "location"
	inCategories  = "categories"
)

const (
	usualListAge   = 3   // days
	longestListAge = 366 // days
)

func (c Config) checkCalendar(trial bool) []gateway.Fault {
	var faults []gateway.Fault
	add := func(wrong bool, path, problem string) {
		if wrong {
			faults = append(faults, gateway.Fault{Path: path, Problem: problem})
		}
	}
	if c.Calendar == nil || c.Patients == nil {
		add(c.Calendar == nil, "calendar", "is missing: a list of patients is read only beside a calendar")
		add(c.Patients == nil, "patients", "is missing: a calendar holds no telephone numbers, and needs a list of patients beside it")
		return faults
	}
	add(c.Columns != Columns{}, "columns", "cannot stand beside calendar: the columns of the list are patients.columns")
	if !c.Calendar.URL.IsZero() {
		_, err := c.Calendar.address(trial)
		add(err != nil, "calendar.url", problemOf(err))
		add(err == nil && c.Dir != "", "dir", "cannot stand beside calendar.url: keep the one by which the calendar comes")
	}
	add(c.Calendar.By != byName && c.Calendar.By != byCode, "calendar.by", "must be name or code: what an event and the list of patients have in common")
	switch c.Calendar.In {
	case "", inTitle, inDescription, inLocation, inCategories:
	default:
		add(true, "calendar.in", "must be title, description, location or categories")
	}
	switch c.Calendar.Clinic {
	case "", inTitle, inDescription, inLocation, inCategories:
		add(c.Calendar.Clinic != "" && c.Calendar.Clinic == cmp.Or(c.Calendar.In, inTitle), "calendar.clinic", "cannot be where the patient stands: names of clinics are shown to staff")
	default:
		add(true, "calendar.clinic", "must be title, description, location or categories")
	}
	if c.Calendar.Pattern != "" {
		p, err := regexp.Compile(c.Calendar.Pattern)
		add(err != nil || p.NumSubexp() != 1, "calendar.pattern", "must be a regular expression with exactly one group ( )")
	}
	add(c.Patients.File == "", "patients.file", "is missing: the list of patients, CSV or .xlsx")
	add(c.Patients.MaxAge < 0 || c.Patients.MaxAge > longestListAge, "patients.max_age", fmt.Sprintf("must be 1 to %d days", longestListAge))
	k := c.Patients.Columns
	add(k.PatientID == "", "patients.columns.patient_id", "is missing: by what two patients of one name are told apart")
	add(k.Mobile == "", "patients.columns.mobile", "is missing: the heading of the column with mobile numbers")
	add(c.Calendar.By == byCode && k.Code == "", "patients.columns.code", "is missing: calendar.by is code")
	add(c.Calendar.By == byName && k.FullName == "" && (k.GivenName == "" || k.FamilyName == ""),
		"patients.columns.full_name", "is missing, or given_name and family_name: calendar.by is name")
	return faults
}

func problemOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
