"""Products and orders over HTTP: Flask on ECS Fargate behind a load balancer, Aurora PostgreSQL. IaC tool: Pulumi."""
