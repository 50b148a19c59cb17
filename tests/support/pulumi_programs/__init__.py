"""Programs in which every resource type that the local cloud knows is declared, and what runs them."""
