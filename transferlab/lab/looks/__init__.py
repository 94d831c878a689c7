"""Looking into the models of the lab: pictures of filters, reasons and drift along a run, and mixtures afterwards."""
