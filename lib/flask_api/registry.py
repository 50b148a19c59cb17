"""Where the image lives: tags that stay what they are, scanned on push, the newest kept."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from lib.common.acknowledged import Acknowledged
from lib.flask_api.settings import Settings

KEPT_IMAGES = 30
UNTAGGED_DAYS = 14
ACKNOWLEDGED = (
    Acknowledged(
        "CKV_AWS_136",
        "aws_ecr_repository.repository",
        "Images hold code and no customer's data, and ECR encrypts them with AES-256; another key makes another "
        "repository, without the images.",
    ),
)


@dataclass(frozen=True)
class RegistryArgs:
    """What a registry is made of."""

    settings: Settings


class Registry(pulumi.ComponentResource):
    """ECR repository and its lifecycle policy."""

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("tap:flask-api:Registry", name, {}, opts)
        own = pulumi.ResourceOptions(parent=self)
        self.repository = aws.ecr.Repository(
            "repository",
            name=args.settings.name("repository"),
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "AES256"}],
            force_delete=not args.settings.retain_data,
            opts=pulumi.ResourceOptions(parent=self, protect=args.settings.deletion_protection),
        )
        expire = {"type": "expire"}
        rules = [
            {
                "rulePriority": 1,
                "description": f"Untagged images go after {UNTAGGED_DAYS} days",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": UNTAGGED_DAYS,
                },
                "action": expire,
            },
            {
                "rulePriority": 2,
                "description": f"The newest {KEPT_IMAGES} images stay",
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": KEPT_IMAGES},
                "action": expire,
            },
        ]
        aws.ecr.LifecyclePolicy(
            "repository", repository=self.repository.name, policy=json.dumps({"rules": rules}), opts=own
        )
        self.register_outputs({})

    def image(self, reference: str) -> pulumi.Output[str]:
        """Return the image of a digest or a tag, as a task definition names it."""
        separator = "@" if reference.startswith("sha256:") else ":"
        return self.repository.repository_url.apply(lambda url: f"{url}{separator}{reference}")
