package gpconnect

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"bellman/adapters/fhirshape"
	"bellman/gateway"
	"bellman/gateway/outbound"
)

// What is asked of a provider: the last part of the interaction's id, and the scope
// that it needs.
type interaction struct{ name, scope string }

const interactions = "urn:nhs:names:services:gpconnect:fhir:rest:"

var (
	findPatient = interaction{"search:patient-1", "patient/*.read"}
	listVisits  = interaction{"search:patient_appointments-1", "patient/*.read"}
	readVisit   = interaction{"read:appointment-1", "patient/*.read"}
	cancelVisit = interaction{"cancel:appointment-1", "patient/*.write"}
	readAbility = interaction{"read:metadata-1", "organization/*.read"}
)

// tokenLife is what the rules lay down, to the second.
const tokenLife = 5 * time.Minute

// call is one request.
type call struct {
	interaction
	path    string // below the service root, with its query, as it goes on the wire
	put     []byte // the body of a change; nil: a read
	ifMatch string
}

var errAddress = errors.New("the address of GP Connect cannot be used")

// do carries out one request, once.
func (a *Adapter) do(ctx context.Context, c call) (*outbound.Response, error) {
	method := http.MethodGet
	if c.put != nil {
		method = http.MethodPut
	}
	r, err := http.NewRequestWithContext(ctx, method, a.address+c.path, bytes.NewReader(c.put))
	if err != nil {
		return nil, errAddress
	}
	r.Header.Set("Ssp-TraceID", outbound.NewID())
	r.Header.Set("Ssp-From", a.config.From)
	r.Header.Set("Ssp-To", a.config.To)
	r.Header.Set("Ssp-InteractionID", interactions+c.name)
	r.Header.Set("Authorization", "Bearer "+a.claims(c.scope))
	r.Header.Set("Accept", "application/fhir+json")
	r.Header.Set("Cache-Control", "no-cache")
	if c.put != nil {
		r.Header.Set("Content-Type", "application/fhir+json")
		r.Header.Set("If-Match", c.ifMatch)
	}
	return a.out.Do(r)
}

// read carries out a read, once more where the proxy or the provider says that it
// might go better the second time.
func (a *Adapter) read(ctx context.Context, c call) (*outbound.Response, error) {
	res, err := a.do(ctx, c)
	if err == nil && slices.Contains([]int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}, res.Status) {
		return a.do(ctx, c)
	}
	return res, err
}

type object = map[string]any

// claims makes the unsigned token that says who asks, new for every request. Its
// last part, the signature, is empty and its dot is there all the same.
func (a *Adapter) claims(scope string) string {
	j, now := a.config.JWT, a.env.Clock.Now()
	name := object{"family": j.Practitioner.Family, "given": []string{j.Practitioner.Given}}
	if j.Practitioner.Prefix != "" {
		name["prefix"] = []string{j.Practitioner.Prefix}
	}
	return part(object{"alg": "none", "typ": "JWT"}) + "." + part(object{
		"iss": j.Issuer, "sub": j.Practitioner.ID, "aud": a.root,
		"iat": now.Unix(), "exp": now.Unix() + int64(tokenLife/time.Second),
		"reason_for_request": "directcare", "requested_scope": scope,
		"requesting_device": object{
			"resourceType": "Device", "model": j.Device.Model, "version": j.Device.Version,
			"identifier": []object{{"system": j.Device.System, "value": j.Device.Value}},
		},
		"requesting_organization": object{
			"resourceType": "Organization", "name": j.Organisation.Name,
			"identifier": []object{{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": j.Organisation.ODS}},
		},
		"requesting_practitioner": object{
			"resourceType": "Practitioner", "id": j.Practitioner.ID, "name": []object{name},
			"identifier": []object{
				{"system": "https://fhir.nhs.uk/Id/sds-user-id", "value": j.Practitioner.SDSUser},
				{"system": "https://fhir.nhs.uk/Id/sds-role-profile-id", "value": j.Practitioner.SDSRole},
				{"system": j.Practitioner.LocalSystem, "value": j.Practitioner.LocalID},
			},
		},
	}) + "."
}

func part(v object) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "" // nothing in it can fail to be written
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// refusal makes the error for an answer that tells nothing of the patient. It adds a
// code of the Spine's own list, never words.
func (a *Adapter) refusal(res *outbound.Response) error {
	err := outbound.StatusError(&http.Request{URL: a.base}, res.Status)
	if code := spineCode(res.Body); code != "" {
		err = fmt.Errorf("%w (%s)", err, code)
	}
	if res.Status == http.StatusUnauthorized || res.Status == http.StatusForbidden {
		err = fmt.Errorf("%w: %w", gateway.ErrSourceDenied, err)
	}
	return err
}

// spineCodes are the codes that may be repeated to an operator.
var spineCodes = []string{
	"INVALID_IDENTIFIER_SYSTEM", "INVALID_IDENTIFIER_VALUE", "INVALID_NHS_NUMBER", "INVALID_PATIENT_DEMOGRAPHICS", "BAD_REQUEST",
	"NO_PATIENT_CONSENT", "NO_ORGANISATION_CONSENT", "ACCESS_DENIED", "ORGANISATION_NOT_FOUND", "PATIENT_NOT_FOUND", "PRACTITIONER_NOT_FOUND",
	"NO_RECORD_FOUND", "DUPLICATE_REJECTED", "INVALID_RESOURCE", "INVALID_PARAMETER", "REFERENCE_NOT_FOUND", "INTERNAL_SERVER_ERROR",
	"NOT_IMPLEMENTED", "FHIR_CONSTRAINT_VIOLATION",
}

// spineCode gives the first code of an error's details that is one of the list. The
// published list writes one of them with a space.
func spineCode(body []byte) string {
	for _, code := range fhirshape.DetailCodes(body) {
		if code = strings.ReplaceAll(code, " ", "_"); slices.Contains(spineCodes, code) {
			return code
		}
	}
	return ""
}

// Prove shows that the proxy and the provider let us in, and looks at their clock. It
// asks what the provider can do, and about no patient.
func (a *Adapter) Prove(ctx context.Context) (gateway.Reading, error) {
	reading := gateway.Reading{Asked: a.env.Clock.Now(), Grain: time.Second}
	res, err := a.read(ctx, call{interaction: readAbility, path: "/metadata"})
	reading.Answered = a.env.Clock.Now()
	if err != nil {
		return reading, fmt.Errorf("ask gpconnect: %w", err)
	}
	if res.Status != http.StatusOK {
		return reading, fmt.Errorf("ask gpconnect: %w", a.refusal(res))
	}
	var what struct {
		ResourceType string `json:"resourceType"`
	}
	if json.Unmarshal(res.Body, &what) != nil || what.ResourceType != "CapabilityStatement" {
		return reading, errors.New("ask gpconnect: what answers there is not GP Connect")
	}
	reading.Theirs, _ = http.ParseTime(res.Header.Get("Date"))
	return reading, nil
}
