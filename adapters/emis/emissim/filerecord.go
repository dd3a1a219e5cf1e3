package emissim

import (
	"encoding/xml"
	"io"
	"net/http"
	"time"

	"bellman/adapters/surgery"
)

// filed is the part of a filed record that the simulator looks at.
type filed struct {
	XMLName xml.Name `xml:"http://www.e-mis.com/emisopen/MedicalRecord MedicalRecord"`
	Events  []struct {
		RefID, FileStatus *int
		AssignedDate      string
		AuthorID          struct{ RefID int }
		Code              struct{ Value, Scheme string }
	} `xml:"ConsultationList>Consultation>ElementList>ConsultationElement>Event"`
	People []struct{ DBID, RefID, FileStatus int } `xml:"PeopleList>Person"`
}

// declines is the code by which a patient declines texts.
const declines = "513631000000106"

// fileRecord is FileRecord: it takes a record that the schema allows, and knows what
// the code for declining texts means.
func (s *Sim) fileRecord(c call) (any, *refusal) {
	patient, ok := number(c.r.URL.Query(), "patientNumber")
	if !ok {
		return nil, badRequest("patientNumber is missing")
	}
	body, err := io.ReadAll(io.LimitReader(c.r.Body, 1<<20))
	var f filed
	if err != nil || xml.Unmarshal(body, &f) != nil || len(f.Events) == 0 {
		return nil, badRequest("the record cannot be read")
	}
	for _, e := range f.Events {
		_, dateErr := time.Parse("02/01/2006", e.AssignedDate)
		known := false
		for _, p := range f.People {
			known = known || p.RefID == e.AuthorID.RefID && p.DBID > 0 && p.FileStatus == 3
		}
		if e.RefID == nil || e.FileStatus == nil || *e.FileStatus != 0 || dateErr != nil || !known || e.Code.Value == "" {
			return nil, badRequest("an event lacks what the schema asks for")
		}
		if e.Code.Value == declines && !s.diary.Edit(patient, func(p *surgery.Person) { p.Declined = true }) {
			return nil, &refusal{http.StatusNotFound, outcomeNothing, "Patient not found"}
		}
	}
	return nil, nil
}
