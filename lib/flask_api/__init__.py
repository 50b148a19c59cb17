"""Products and orders over HTTP: Flask on ECS Fargate behind a load balancer, Aurora PostgreSQL. Engine: Pulumi."""
