-- Who made a payment may read and refund it, and nobody else. Payments of the time before this have no owner.
ALTER TABLE payments ADD COLUMN caller text;
