"""Who signs in to the database by IAM: the roles that the migrations make."""

# By function. The one that migrates is not among them: it is the master user.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
USERS = {"consumer": "pipeline_consumer"}
