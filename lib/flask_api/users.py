"""Who signs in to the database by IAM: the role that the migrations make."""

# What migrates does not: it is the master user.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
API_USER = "shop_api"
