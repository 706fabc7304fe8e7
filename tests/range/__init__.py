"""The wheel on every Python found here, with the oldest and the newest dependencies it allows."""
