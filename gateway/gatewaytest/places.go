package gatewaytest

import "fmt"

// Places says where in decoded JSON something stands and of what kind it is, such as
// ".name[].use": "string". The items of a list count as one.
func Places(v any) map[string]string {
	out := map[string]string{}
	note(v, "", out)
	return out
}

func note(v any, at string, into map[string]string) {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			note(inner, at+"."+k, into)
		}
	case []any:
		for _, inner := range v {
			note(inner, at+"[]", into)
		}
	case nil:
		into[at] = "null"
	default:
		into[at] = fmt.Sprintf("%T", v)
	}
}
