package fhirshape

import (
	"encoding/json"
	"slices"
)

// Outcome is FHIR's list of warnings and errors. Its prose is never read: it may
// quote a patient.
type Outcome struct {
	Issue Many[Issue] `json:"issue"`
}

// Issue is one warning or error.
type Issue struct {
	Severity string       `json:"severity"`
	Code     string       `json:"code"`
	Details  One[Concept] `json:"details"`
}

// partialCodes are the issue codes by which a server says that it could not look
// everywhere.
var partialCodes = []string{"too-costly", "timeout", "throttled", "transient", "incomplete", "exception", "lock-error", "no-store"}

// issueCodes are the codes that may be repeated to an operator; others might be
// anything.
var issueCodes = append([]string{
	"invalid", "structure", "required", "value", "invariant", "security", "login", "unknown", "expired", "forbidden", "suppressed",
	"processing", "not-supported", "duplicate", "multiple-matches", "not-found", "deleted", "too-long", "code-invalid", "extension",
	"business-rule", "conflict", "informational",
}, partialCodes...)

// IssueCode gives the first issue's code of an answer that is an OperationOutcome,
// when it is one of FHIR's list; else nothing.
func IssueCode(body []byte) string {
	var o Outcome
	if json.Unmarshal(body, &o) != nil {
		return ""
	}
	for _, issue := range o.Issue.Items {
		if slices.Contains(issueCodes, issue.Value.Code) {
			return issue.Value.Code
		}
	}
	return ""
}

// DetailCodes gives the codes in the details of all issues, such as the Spine's
// PATIENT_NOT_FOUND. They come from outside: compare them, never print them.
func DetailCodes(body []byte) []string {
	var o Outcome
	if json.Unmarshal(body, &o) != nil {
		return nil
	}
	var out []string
	for _, issue := range o.Issue.Items {
		for _, c := range issue.Value.Details.Value.Coding.Items {
			if c.Value.Code.Value != "" {
				out = append(out, c.Value.Code.Value)
			}
		}
	}
	return out
}
