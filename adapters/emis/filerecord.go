package emis

import (
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"bellman/gateway"
	"bellman/gateway/outbound"
)

// FileRecord says in whose name and under which code an opt-out is filed in the
// patient's record. The smallest body that EMIS takes is not published, so that
// this is unproven and off unless it is configured: try it on a test patient.
type FileRecord struct {
	User     int    `yaml:"user"`     // DBID of the member of staff in whose name it is filed
	Location int    `yaml:"location"` // DBID of the place
	Code     string `yaml:"code"`     // SNOMED CT; empty: 513631000000106, declines text messages
}

const declinesTexts = "513631000000106"

func (f *FileRecord) check(add func(wrong bool, path, problem string)) {
	if f == nil {
		return
	}
	add(f.User <= 0, "file_record.user", "must be the DBID of the member of staff in whose name it is filed")
	add(f.Location <= 0, "file_record.location", "must be the DBID of the place where it is filed")
	add(strings.Trim(f.Code, "0123456789") != "" || len(f.Code) > 18, "file_record.code", "must be a SNOMED CT code: at most 18 digits")
}

// Open makes the adapter of one practice; with file_record one that can record
// opt-outs as well.
func Open(c Config, env gateway.Surroundings) (gateway.Source, error) {
	a, err := New(c, env)
	if err != nil || c.FileRecord == nil {
		return a, err
	}
	return recorder{a}, nil
}

// recorder is an adapter that may file entries in patients' records.
type recorder struct{ *Adapter }

var _ gateway.PreferenceWriter = recorder{}

var errNotFiled = errors.New("EMIS has not confirmed that the entry is filed")

// WriteDeclined files, once, an entry that the patient declines texts. The patient
// is looked at first: one who is not in EMIS any more gets no entry.
func (r recorder) WriteDeclined(ctx context.Context, p gateway.Patient) error {
	var age outbound.Age
	if _, err := r.demographics(ctx, p.ID, &age); err != nil {
		return fmt.Errorf("%w: %w", gateway.ErrNotWritten, err)
	}
	token, err := r.tokens.get(ctx, gateway.Secret{})
	if err != nil {
		return fmt.Errorf("%w: %w", gateway.ErrNotWritten, err)
	}
	body, err := xml.Marshal(r.entry())
	if err != nil {
		return fmt.Errorf("%w: the entry cannot be written", gateway.ErrNotWritten)
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, r.address(opFileRecord, url.Values{"patientNumber": {string(p.ID)}}), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: %w", gateway.ErrNotWritten, errBadAddress)
	}
	q.Header.Set("Authorization", "Bearer "+token.Reveal())
	q.Header.Set("applicationId", r.config.ApplicationID)
	q.Header.Set("Content-Type", "application/xml")
	q.Header.Set("Accept", "application/"+r.config.Format)
	res, err := r.once.Do(q)
	if e, ok := errors.AsType[*outbound.Error](err); ok && e.NotSent() {
		return fmt.Errorf("%w: %w", gateway.ErrNotWritten, err)
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errNotFiled, err)
	case res.Status >= 400 && res.Status < 500:
		return fmt.Errorf("%w: EMIS refused it with status %d", gateway.ErrNotWritten, res.Status)
	case res.Status != http.StatusNoContent && res.Status != http.StatusOK:
		return fmt.Errorf("%w: status %d", errNotFiled, res.Status)
	}
	return nil
}

// The body, after the EMIS Open schema of a medical record: a consultation of one
// event, and who and where as references. Ids within the message are ours.
type (
	medicalRecord struct {
		XMLName      xml.Name     `xml:"http://www.e-mis.com/emisopen/MedicalRecord MedicalRecord"`
		Consultation consultation `xml:"ConsultationList>Consultation"`
		Person       reference    `xml:"PeopleList>Person"`
		Location     reference    `xml:"LocationList>Location"`
	}
	consultation struct {
		RefID, FileStatus  int
		AssignedDate       string
		DatePart           int
		UserID, LocationID struct{ RefID int }
		Element            element `xml:"ElementList>ConsultationElement"`
	}
	element struct {
		RefID, DisplayOrder int
		Event               event
	}
	event struct {
		RefID, FileStatus int
		AssignedDate      string
		DatePart          int
		AssignedTime      string
		AuthorID          struct{ RefID int }
		DescriptiveText   string
		Code              struct{ Value, Scheme string }
	}
	reference struct{ DBID, RefID, FileStatus int }
)

// What FileStatus and DatePart mean in the schema.
const (
	fileNew       = 0
	fileReference = 3
	wholeDate     = 0
	userRef       = 10
	locationRef   = 20
)

func (r recorder) entry() medicalRecord {
	f, now := r.config.FileRecord, r.clock.Now().In(gateway.London())
	date := now.Format("02/01/2006")
	e := event{RefID: 1, FileStatus: fileNew, AssignedDate: date, DatePart: wholeDate, AssignedTime: now.Format("15:04"), DescriptiveText: "Patient replied STOP to an appointment text"}
	e.AuthorID.RefID, e.Code.Value, e.Code.Scheme = userRef, cmp.Or(f.Code, declinesTexts), "SNOMED"
	c := consultation{RefID: 1, FileStatus: fileNew, AssignedDate: date, DatePart: wholeDate, Element: element{RefID: 1, DisplayOrder: 1, Event: e}}
	c.UserID.RefID, c.LocationID.RefID = userRef, locationRef
	return medicalRecord{
		Consultation: c,
		Person:       reference{DBID: f.User, RefID: userRef, FileStatus: fileReference},
		Location:     reference{DBID: f.Location, RefID: locationRef, FileStatus: fileReference},
	}
}
