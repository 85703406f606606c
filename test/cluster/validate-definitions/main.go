// Asks Kubernetes' own code, without a cluster, whether it would accept our CustomResourceDefinitions (structural
// schemas, defaults, cost of CEL rules) and manifests against them (unknown fields, schema, list keys, CEL rules).
//
//	cd test/cluster/validate-definitions && go run . ../../../src/api/crds ../../../examples/incident-response/*.yaml
//
// Not part of the one door: it needs Go and downloads Kubernetes' modules.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	schemavalidation "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

type schemas map[string]*apiextensions.JSONSchemaProps

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: validate-definitions <directory of definitions> [manifest ...]")
		os.Exit(2)
	}
	known, faults := readDefinitions(os.Args[1])
	for _, file := range os.Args[2:] {
		faults += checkManifests(file, known)
	}
	if faults > 0 {
		os.Exit(1)
	}
}

func readDefinitions(directory string) (schemas, int) {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	files, _ := filepath.Glob(filepath.Join(directory, "*.yaml"))
	known, faults := schemas{}, 0
	for _, file := range files {
		var definition v1.CustomResourceDefinition
		must(yaml.UnmarshalStrict(read(file), &definition))
		scheme.Default(&definition)
		definition.Status.StoredVersions = []string{definition.Spec.Versions[0].Name}
		var internal apiextensions.CustomResourceDefinition
		must(scheme.Convert(&definition, &internal, nil))
		errs := validation.ValidateCustomResourceDefinition(context.Background(), &internal)
		for _, err := range errs {
			fmt.Printf("%s: %v\n", file, err)
		}
		faults += len(errs)
		var props apiextensions.JSONSchemaProps
		must(v1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(
			definition.Spec.Versions[0].Schema.OpenAPIV3Schema, &props, nil))
		known[definition.Spec.Names.Kind] = &props
		if len(errs) == 0 {
			fmt.Printf("%s: accepted\n", file)
		}
	}
	return known, faults
}

func checkManifests(file string, known schemas) int {
	faults := 0
	for _, document := range strings.Split("\n"+string(read(file)), "\n---") {
		var object map[string]any
		must(yaml.Unmarshal([]byte(document), &object))
		kind, _ := object["kind"].(string)
		props := known[kind]
		if props == nil {
			continue
		}
		found := complaints(object, props)
		for _, complaint := range found {
			fmt.Printf("%s: %s: %s\n", file, kind, complaint)
		}
		faults += len(found)
		if len(found) == 0 {
			fmt.Printf("%s: %s: accepted\n", file, kind)
		}
	}
	return faults
}

// complaints prunes, fills in defaults and validates, in the API server's order.
func complaints(object map[string]any, props *apiextensions.JSONSchemaProps) []string {
	structural, err := structuralschema.NewStructural(props)
	must(err)
	found := []string{}
	for _, path := range pruning.PruneWithOptions(object, structural, true,
		structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}) {
		found = append(found, fmt.Sprintf("unknown field %q", path))
	}
	defaulting.Default(object, structural)
	validator, _, err := schemavalidation.NewSchemaValidator(props)
	must(err)
	errs := schemavalidation.ValidateCustomResource(nil, object, validator)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, structural, object)...)
	rules, _ := cel.NewValidator(structural, true, celconfig.PerCallLimit).
		Validate(context.Background(), nil, structural, object, nil, celconfig.RuntimeCELCostBudget)
	for _, err := range append(errs, rules...) {
		found = append(found, err.Error())
	}
	return found
}

func read(file string) []byte {
	bytes, err := os.ReadFile(file)
	must(err)
	return bytes
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(2)
	}
}
