"""A resource type's arguments and attributes are read from the source of CDKTF's bindings."""

import ast
import importlib.util
import re

import pytest

from lib.declared import terraform_schema
from lib.declared.model import DeclarationError
from lib.declared.terraform_schema import VERSION, Shape, exists, schema, shape


def test_arguments_have_their_shapes():
    found = schema("aws_lb_listener").arguments
    assert found["port"] == Shape("number")
    assert found["tags"] == Shape("map", Shape("string"))
    assert found["default_action"].kind == "list"
    assert found["mutual_authentication"].kind == "block"
    assert found["routing_http_response_server_enabled"] == Shape("bool")


def test_nested_blocks_have_their_arguments():
    found = schema("aws_lb_listener")
    action = found.blocks[found.arguments["default_action"].item.block]
    redirect = found.blocks[action["redirect"].block]
    assert set(redirect) == {"host", "path", "port", "protocol", "query", "status_code"}


def test_what_is_terraforms_own_is_no_argument():
    assert not terraform_schema.META & set(schema("aws_vpc").arguments)


def test_attributes_are_what_can_be_referred_to():
    found = schema("aws_vpc").attributes
    assert {"arn", "id", "cidr_block", "default_security_group_id"} <= found
    assert "cidr_block_input" not in found


def test_a_type_whose_block_has_the_name_of_its_class_is_read():
    assert "web_acl_arn" in schema("aws_wafv2_web_acl_association").arguments


def test_the_providers_own_configuration_is_read():
    assert {"region", "default_tags", "skip_region_validation"} <= set(schema("provider").arguments)


def test_an_unknown_type_is_refused_with_the_version():
    assert not exists("aws_vcp")
    with pytest.raises(DeclarationError, match=rf"aws_vcp is not a resource type of AWS provider {VERSION}"):
        schema("aws_vcp")


def test_the_version_is_the_one_that_the_bindings_name():
    source = (terraform_schema._folder() / "vpc" / "__init__.py").read_text(encoding="utf-8")
    assert set(re.findall(r"hashicorp/aws/([\d.]+)/docs", source)) == {VERSION}


def test_an_annotation_that_is_not_known_is_refused():
    with pytest.raises(DeclarationError, match=r"annotation typing.Callable\[\[\], str\]: teach lib"):
        shape(ast.parse("typing.Callable[[], str]", mode="eval").body)


def test_without_the_bindings_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(DeclarationError, match="cdktf_cdktf_provider_aws is not installed"):
        terraform_schema._folder.__wrapped__()
